//! Every message type against bytes that are no message: refused or read, and never more than that.

use planwright_ros2::messages::recode::RoundTrip;
use planwright_tests::message_types::TYPES;

/// A small generator of its own keeps the cases the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit.max(1)
    }
}

/// Little-endian bytes with few ones among zeros: small lengths, so that many of them decode.
fn sparse(random: &mut Random, zeros_per_one: usize) -> Vec<u8> {
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend((0..2048).map(|_| u8::from(random.below(zeros_per_one) == 0)));
    bytes
}

/// A valid encoding with something in it, where one is found soon.
fn valid(random: &mut Random, round_trip: &RoundTrip) -> Vec<u8> {
    let found = (0..24).find_map(|i| (round_trip.recode)(&sparse(random, 8 + 8 * i)).ok());
    found.unwrap_or_else(|| (round_trip.recode)(&[vec![0, 1], vec![0; 4096]].concat()).expect("zeros are a message"))
}

fn spoil(random: &mut Random, bytes: &mut Vec<u8>) {
    match random.below(5) {
        0 => bytes.truncate(random.below(bytes.len())),
        1 => {
            for _ in 0..=random.below(8) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
        }
        2 => {
            // A length of four thousand million, or of just too many.
            let length = if random.below(2) == 0 { u32::MAX } else { bytes.len() as u32 };
            let at = 4 + 4 * random.below(bytes.len() / 4 - 1);
            if let Some(word) = bytes.get_mut(at..at + 4) {
                word.copy_from_slice(&length.to_le_bytes());
            }
        }
        3 => bytes.iter_mut().skip(2).for_each(|byte| *byte = random.next() as u8),
        _ => {
            bytes[1] ^= 1;
            let extra = random.below(64);
            bytes.extend((0..extra).map(|_| random.next() as u8));
        }
    }
}

#[test]
fn spoilt_bytes_are_refused_or_read_but_never_more_than_that() {
    let mut random = Random(0x5eed);
    let (mut read, mut refused) = (0_usize, 0_usize);
    let mut round = 0;
    while read + refused < 100_000 {
        for round_trip in TYPES {
            let good = valid(&mut random, round_trip);
            let again = (round_trip.recode)(&good).expect("own bytes");
            assert_eq!(good, again, "{} in round {round}", round_trip.name);
            for _ in 0..20 {
                let mut bad = good.clone();
                spoil(&mut random, &mut bad);
                match (round_trip.recode)(&bad) {
                    Ok(written) => {
                        // An empty string may come without its end mark: four bytes become five, and up to three
                        // more for the alignment of what follows.
                        assert!(written.len() <= 4 + 2 * bad.len(), "{}: {bad:?}", round_trip.name);
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        round += 1;
    }
    assert!(read > 10_000 && refused > 10_000, "read {read}, refused {refused}");
}

#[test]
fn names_are_unique_and_well_formed() {
    let mut names: Vec<&str> = TYPES.iter().map(|round_trip| round_trip.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(names.iter().all(|name| name.split('/').count() >= 3), "{names:?}");
    for name in ["std_msgs/msg/Header", "rcl_interfaces/srv/SetParameters_Request", "std_srvs/srv/Trigger_Response"] {
        assert!(names.contains(&name), "{name}");
    }
}
