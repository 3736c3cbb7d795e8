//! `planwright bench --ros`: from a request in rclpy to a plan in rclpy, and what our node adds to planning.

use super::output::{CliError, print_json, print_text};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// Run by rclpy's Python; prints one JSON line at the end.
const CLIENT: &str = include_str!("../../../tests/peers/ros/bench_roundtrip.py");
/// Requests before those that count.
const WARM_UP: usize = 50;

/// Ends the node, whatever happens.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a node and a client of rclpy, and prints what the client measured.
pub(super) fn run(model: Option<&Path>, requests: usize, python: Option<&Path>, json: bool) -> Result<(), CliError> {
    let python = match python {
        Some(python) => python.to_owned(),
        None => default_python()?,
    };
    // A domain that no robot here is likely to be in.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let domain = (100 + now.subsec_nanos() % 100).to_string();
    let model = model.map_or_else(|| "models/maze-umaze.onnx".to_owned(), |model| model.display().to_string());
    let executable = std::env::current_exe().map_err(CliError::failed)?;
    let mut command = Command::new(executable);
    command.args(["node", "maze", "--ros-args", "--log-level", "warn", "-p", "autostart:=true"]);
    // The model's own map: this measures a node, not a robot.
    command.args(["-p", "map_required:=false", "-p", &format!("model:={model}")]);
    let node = command.env("ROS_DOMAIN_ID", &domain).stdin(Stdio::null()).spawn().map_err(CliError::failed)?;
    let _node = Node(node);
    let mut client = Command::new(&python);
    client.arg("-").args(["--requests", &requests.to_string(), "--warm-up", &WARM_UP.to_string()]);
    client.env("ROS_DOMAIN_ID", &domain).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = client.spawn().map_err(|error| {
        CliError::wrong(format!("--python: expected a Python to run, got {}: {error}", python.display()))
    })?;
    if let Some(mut stdin) = client.stdin.take() {
        stdin.write_all(CLIENT.as_bytes()).map_err(CliError::failed)?;
    }
    let done = client.wait_with_output().map_err(CliError::failed)?;
    let text = String::from_utf8_lossy(&done.stdout);
    let last = text.lines().rfind(|line| line.starts_with('{'));
    let measured: Option<serde_json::Value> = last.and_then(|line| serde_json::from_str(line).ok());
    let Some(measured) = measured.filter(|_| done.status.success()) else {
        return Err(CliError::failed(anyhow::anyhow!("the client of rclpy ended with {}:\n{text}", done.status)));
    };
    if json {
        return print_json(&measured);
    }
    let figure = |name: &str| measured.get(name).map_or_else(|| "?".to_owned(), ToString::to_string);
    print_text(&format!(
        "{} requests from rclpy\nround trip        p50 {} ms, p99 {} ms\nplanning          p50 {} ms\nour node adds     p50 {} ms, p99 {} ms",
        requests,
        figure("p50_ms"),
        figure("p99_ms"),
        figure("planning_p50_ms"),
        figure("node_overhead_p50_ms"),
        figure("node_overhead_p99_ms"),
    ))
}

fn default_python() -> Result<PathBuf, CliError> {
    let name = Path::new(".deps/ros-kilted/bin/python");
    if name.is_file() {
        return Ok(name.to_owned());
    }
    Err(CliError::wrong(format!(
        "expected an rclpy with nav2_msgs in {}, got none\nhint: python3 tests/setup.py --only ros-kilted, or name a Python with --python",
        name.display()
    )))
}
