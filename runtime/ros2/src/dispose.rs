//! Disposal of a DDS participant, in the form that Fast DDS understands.

use ros2_client::Gid;
use ros2_client::dds::rustdds::{DomainParticipant, RTPSEntity};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

/// Time for the middleware's own disposal messages.
const OWN_DISPOSAL: Duration = Duration::from_millis(60);

/// Says that a participant is gone. Made before a node is dropped and dropped after it.
///
/// RustDDS disposes of a participant with its serialized key and without the key's hash in the inline quality of
/// service; Fast DDS understands only the hash. Without this, its peers count topics and services as there until the
/// lease runs out, and a client may send its request to a server that has ended.
pub struct Disposal {
    participant: Option<DomainParticipant>,
    packet: Vec<u8>,
    port: u16,
}

impl Disposal {
    pub(super) fn new(participant: &DomainParticipant) -> Self {
        let mut prefix = [0; 12];
        // The first 12 of the GUID's 16 bytes.
        prefix.iter_mut().zip(Gid::from(participant.guid()).as_bytes()).for_each(|(to, from)| *to = *from);
        // RTPS 9.6.1: port base 7400, domain gain 250, multicast offset 0.
        let port = 7400_u16.saturating_add(participant.domain_id().saturating_mul(250));
        Self { participant: Some(participant.clone()), packet: disposal_packet(&prefix), port }
    }
}

impl Drop for Disposal {
    fn drop(&mut self) {
        std::thread::sleep(OWN_DISPOSAL);
        self.participant = None;
        // From the loopback's address Linux sends multicast over the loopback, otherwise over the default route.
        for address in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST] {
            // At this point an error cannot be reported.
            if let Ok(socket) = UdpSocket::bind((address, 0)) {
                let _ = socket.send_to(&self.packet, (Ipv4Addr::new(239, 255, 0, 1), self.port));
            }
        }
    }
}

/// An RTPS message with one DATA submessage of the participant writer: disposed and unregistered, by key hash.
fn disposal_packet(prefix: &[u8; 12]) -> Vec<u8> {
    // RTPS 8.3.7.2: endianness and inline QoS, no payload.
    const DATA: [u8; 4] = [0x15, 0x03, 0x34, 0x00];
    let mut packet = Vec::with_capacity(84);
    packet.extend(*b"RTPS\x02\x04\x01\x12");
    packet.extend(prefix);
    packet.extend(DATA);
    // Extra flags, 16 bytes to the inline QoS, to any reader, from the builtin participant writer.
    packet.extend([0, 0, 16, 0, 0, 0, 0, 0, 0x00, 0x01, 0x00, 0xc2]);
    // A sequence number above every one that was used.
    packet.extend([0, 0, 0, 0, 0, 0, 0, 0x40]);
    // PID_KEY_HASH: the participant's GUID.
    packet.extend([0x70, 0, 16, 0]);
    packet.extend(prefix);
    packet.extend([0, 0, 0x01, 0xc1]);
    // PID_STATUS_INFO: disposed and unregistered. PID_SENTINEL.
    packet.extend([0x71, 0, 4, 0, 0, 0, 0, 3]);
    packet.extend([1, 0, 0, 0]);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_submessage_is_as_long_as_it_says() {
        let packet = disposal_packet(&[7; 12]);
        let stated = usize::from(u16::from_le_bytes([packet[22], packet[23]]));
        assert_eq!(packet.len(), 20 + 4 + stated);
    }
}
