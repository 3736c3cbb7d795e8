//! Feeds bytes to the decoder of every message type: it may refuse them, and must not do anything worse.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/src/message_types.rs"]
mod message_types;

use message_types::TYPES;

fuzz_target!(|bytes: &[u8]| {
    for round_trip in TYPES {
        // What is read and written once must read back to the same bytes.
        if let Ok(written) = (round_trip.recode)(bytes) {
            let Ok(again) = (round_trip.recode)(&written) else { panic!("{} refuses its own bytes", round_trip.name) };
            assert_eq!(again, written, "{} changes its own bytes", round_trip.name);
        }
    }
});
