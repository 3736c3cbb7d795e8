//! Reads ROS messages and writes them again, for tests/peers/ros/message_roundtrip.py.
//!
//! Every line on stdin is `TYPE HEX`, with the message's CDR bytes; every line on stdout is `HEX` or `error: ...`.
//! `--list` prints the names of all types.

use anyhow::Context;
use planwright_tests::message_types::TYPES;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if std::env::args().any(|argument| argument == "--list") {
        for entry in TYPES {
            writeln!(out, "{}", entry.name)?;
        }
        return Ok(());
    }
    let types: BTreeMap<&str, _> = TYPES.iter().map(|entry| (entry.name, entry.recode)).collect();
    for line in std::io::stdin().lock().lines() {
        match answer(&types, &line?) {
            Ok(hex) => writeln!(out, "{hex}")?,
            Err(error) => writeln!(out, "error: {error:#}")?,
        }
        out.flush()?;
    }
    Ok(())
}

type Recode = fn(&[u8]) -> Result<Vec<u8>, planwright_ros2::messages::recode::RecodeError>;

fn answer(types: &BTreeMap<&str, Recode>, line: &str) -> anyhow::Result<String> {
    let (name, hex) = line.trim().split_once(' ').context("expected `TYPE HEX`")?;
    let recode = types.get(name).with_context(|| format!("expected a type that is listed, got {name}"))?;
    anyhow::ensure!(hex.len() % 2 == 0 && hex.is_ascii(), "expected pairs of hexadecimal digits");
    let bytes: Result<Vec<u8>, _> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect();
    let recoded = recode(&bytes?).map_err(anyhow::Error::from)?;
    Ok(recoded.iter().map(|byte| format!("{byte:02x}")).collect())
}
