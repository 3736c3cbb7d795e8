//! The target `camera_image` of planwright_tests::fuzz under libFuzzer.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| planwright_tests::fuzz::run("camera_image", bytes));
