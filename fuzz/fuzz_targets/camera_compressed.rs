//! The target `camera_compressed` of planwright_tests::fuzz under libFuzzer.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| planwright_tests::fuzz::run("camera_compressed", bytes));
