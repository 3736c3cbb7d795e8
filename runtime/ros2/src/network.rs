//! Which computers a node meets: the environment variables of ROS 2 and of its middlewares.
//!
//! RustDDS finds peers by multicast, and on this computer by their ports. What a variable demands beyond that is
//! refused: a node that ignored it would be met, and commanded, by computers that it was to be kept from.

use super::network_file::{CYCLONE, FAST, Limits, is_this_computer, limits_of};
use super::node::Services;
use std::collections::BTreeSet;

/// Names variables that are to be ignored, separated by commas.
pub const IGNORE: &str = "PLANWRIGHT_IGNORE";
/// Domains that DDS's port numbers allow on every system.
const MAX_DOMAIN_ID: u16 = 232;
/// Profiles that Fast DDS reads from the folder in which a node starts.
const PROFILES_HERE: [&str; 2] = ["DEFAULT_FASTDDS_PROFILES.xml", "DEFAULT_FASTRTPS_PROFILES.xml"];
/// Keeps Fast DDS, and a node here, from reading them.
const SKIP_PROFILES_HERE: &str = "SKIP_DEFAULT_XML_FILE";
/// What may be ignored.
const IGNORABLE: [&str; 13] = [
    "RMW_IMPLEMENTATION",
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "ROS_STATIC_PEERS",
    "ROS_DISCOVERY_SERVER",
    "ROS2_EASY_MODE",
    "ROS_SECURITY_ENABLE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_ENVIRONMENT_FILE",
    "FASTDDS_BUILTIN_TRANSPORTS",
    "CYCLONEDDS_URI",
    "NDDS_DISCOVERY_PEERS",
    "RMW_CONNEXT_INITIAL_PEERS",
];

/// How far peers are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// As far as multicast passes.
    #[default]
    Subnet,
    /// This computer.
    Localhost,
}

/// Settings from the environment variables of ROS 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `ROS_DOMAIN_ID`.
    pub domain_id: u16,
    /// How requests travel, from `RMW_IMPLEMENTATION`.
    pub services: Services,
    /// `ROS_AUTOMATIC_DISCOVERY_RANGE`, `ROS_LOCALHOST_ONLY` and the middleware's own files.
    pub range: Range,
}

/// A variable that demands what cannot be obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: expected {expected}, got '{got}'\nhint: {hint}")]
pub struct Refusal {
    /// Its name.
    pub variable: String,
    expected: String,
    got: String,
    hint: String,
}

/// A variable that is taken otherwise than written, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkWarning {
    /// Its name.
    pub variable: String,
    text: String,
}

impl std::fmt::Display for NetworkWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.variable, self.text)
    }
}

impl Environment {
    /// Reads the process's environment. The second value is to be printed.
    ///
    /// # Errors
    /// Every variable that cannot be obeyed.
    pub fn read() -> Result<(Self, Vec<NetworkWarning>), Vec<Refusal>> {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self::of(&variable, &|path| std::fs::read_to_string(path))
    }

    /// Of these variables and files.
    fn of(
        variable: &dyn Fn(&str) -> Option<String>,
        file: &dyn Fn(&str) -> std::io::Result<String>,
    ) -> Result<(Self, Vec<NetworkWarning>), Vec<Refusal>> {
        let mut reading = Reading { variable, file, ignored: BTreeSet::new(), refusals: vec![], warnings: vec![] };
        reading.ignored();
        let domain_id = reading.domain();
        let rmw = reading.value("RMW_IMPLEMENTATION").unwrap_or_else(|| "rmw_fastrtps_cpp".to_owned());
        let mut range = reading.range();
        let mut services = Services::FastDds;
        match rmw.as_str() {
            "rmw_fastrtps_cpp" | "rmw_fastrtps_dynamic_cpp" => range = reading.fast_dds(range),
            "rmw_cyclonedds_cpp" => {
                services = Services::Cyclone;
                range = reading.file("CYCLONEDDS_URI", &CYCLONE, range);
            }
            "rmw_connextdds" => {
                for name in ["NDDS_DISCOVERY_PEERS", "RMW_CONNEXT_INITIAL_PEERS"] {
                    reading.none(name, "no list of peers: they are found by multicast");
                }
            }
            "rmw_zenoh_cpp" => reading.refuse(
                "RMW_IMPLEMENTATION",
                "a middleware on DDS, because planwright is not built for Zenoh",
                &rmw,
                "start the robot's nodes with rmw_fastrtps_cpp or rmw_cyclonedds_cpp, or zenoh-bridge-ros2dds between them",
            ),
            _ => reading.refuse(
                "RMW_IMPLEMENTATION",
                "rmw_fastrtps_cpp, rmw_cyclonedds_cpp or rmw_connextdds",
                &rmw,
                "set the one that the robot's nodes run with",
            ),
        }
        if reading.value("ROS_SECURITY_ENABLE").as_deref() == Some("true") {
            let hint = "set it to false where the network itself is closed";
            reading.refuse(
                "ROS_SECURITY_ENABLE",
                "false, because messages are neither signed nor encrypted",
                "true",
                hint,
            );
        }
        match reading.refusals.is_empty() {
            true => Ok((Self { domain_id, services, range }, reading.warnings)),
            false => Err(reading.refusals),
        }
    }
}

/// A number as C reads it, and so rcl: `0x` is hexadecimal, and a 0 in front octal.
fn number(text: &str) -> Result<u16, std::num::ParseIntError> {
    let (digits, radix) = match text.strip_prefix('0') {
        Some(rest) if rest.starts_with(['x', 'X']) => (rest.get(1..).unwrap_or_default(), 16),
        Some(rest) if !rest.is_empty() => (rest, 8),
        _ => (text, 10),
    };
    u16::from_str_radix(digits, radix)
}

struct Reading<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    file: &'a dyn Fn(&str) -> std::io::Result<String>,
    ignored: BTreeSet<String>,
    refusals: Vec<Refusal>,
    warnings: Vec<NetworkWarning>,
}

impl Reading<'_> {
    /// The value of a variable that is set, not empty, and not to be ignored.
    fn value(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty() && !self.ignored.contains(name))
    }

    fn warn(&mut self, variable: &str, text: impl Into<String>) {
        self.warnings.push(NetworkWarning { variable: variable.to_owned(), text: text.into() });
    }

    fn refuse(&mut self, variable: &str, expected: impl Into<String>, got: &str, hint: &str) {
        let hint = if IGNORABLE.contains(&variable) {
            format!("{hint}; {IGNORE}={variable} starts all the same")
        } else {
            hint.to_owned()
        };
        let (variable, got) = (variable.to_owned(), got.to_owned());
        self.refusals.push(Refusal { variable, expected: expected.into(), got, hint });
    }

    /// Refuses a variable that has any value.
    fn none(&mut self, variable: &str, expected: &str) {
        if let Some(got) = self.value(variable) {
            self.refuse(variable, expected, &got, "unset it");
        }
    }

    fn ignored(&mut self) {
        let list = (self.variable)(IGNORE).unwrap_or_default();
        for name in list.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|name| !name.is_empty()) {
            if !IGNORABLE.contains(&name) {
                self.refuse(IGNORE, format!("names out of {}", IGNORABLE.join(", ")), name, "correct it");
            } else if let Some(value) = (self.variable)(name).filter(|value| !value.is_empty()) {
                self.warn(name, format!("ignored, as {IGNORE} has it: '{value}'"));
                self.ignored.insert(name.to_owned());
            }
        }
    }

    fn domain(&mut self) -> u16 {
        let Some(text) = self.value("ROS_DOMAIN_ID") else { return 0 };
        match number(text.trim()) {
            Ok(id) if id <= MAX_DOMAIN_ID => id,
            _ => {
                self.refuse("ROS_DOMAIN_ID", format!("a number from 0 to {MAX_DOMAIN_ID}"), &text, "correct it");
                0
            }
        }
    }

    /// As rcl reads it: localhost only wins, and a word that is none is the narrowest.
    fn range(&mut self) -> Range {
        match self.value("ROS_LOCALHOST_ONLY").as_deref() {
            Some("1") => return Range::Localhost,
            None | Some("0") => {}
            Some(other) => self.warn("ROS_LOCALHOST_ONLY", format!("expected 0 or 1, got '{other}', taken as 0")),
        }
        let range = match self.value("ROS_AUTOMATIC_DISCOVERY_RANGE").as_deref() {
            // To be off, and to start all the same.
            None if self.ignored.contains("ROS_AUTOMATIC_DISCOVERY_RANGE") => Range::Localhost,
            None | Some("SUBNET" | "SYSTEM_DEFAULT") => Range::Subnet,
            Some("LOCALHOST") => Range::Localhost,
            Some("OFF") => {
                let (name, hint) =
                    ("ROS_AUTOMATIC_DISCOVERY_RANGE", "set LOCALHOST for this computer alone, or SUBNET");
                self.refuse(name, "a range in which the node can be found", "OFF", hint);
                return Range::Localhost;
            }
            Some(other) => {
                let expected = "expected LOCALHOST, SUBNET, OFF or SYSTEM_DEFAULT";
                self.warn("ROS_AUTOMATIC_DISCOVERY_RANGE", format!("{expected}, got '{other}', taken as LOCALHOST"));
                Range::Localhost
            }
        };
        let peers = self.value("ROS_STATIC_PEERS").unwrap_or_default();
        if peers.split(';').map(str::trim).any(|peer| !peer.is_empty() && !is_this_computer(peer)) {
            let hint = "unset it here, and set it on the other computer to this one's address";
            self.refuse("ROS_STATIC_PEERS", "no other computer: peers are found by multicast", &peers, hint);
        }
        range
    }

    fn fast_dds(&mut self, range: Range) -> Range {
        for name in ["ROS_DISCOVERY_SERVER", "ROS2_EASY_MODE"] {
            self.none(name, "none, because peers are found by multicast and not by a server");
        }
        if let Some(path) = self.value("FASTDDS_ENVIRONMENT_FILE")
            && (self.file)(&path).is_ok_and(|text| text.contains("\"ROS_DISCOVERY_SERVER\""))
        {
            self.refuse("FASTDDS_ENVIRONMENT_FILE", "no ROS_DISCOVERY_SERVER in it", &path, "unset it");
        }
        if let Some(transports) = self.value("FASTDDS_BUILTIN_TRANSPORTS") {
            match transports.split('?').next().unwrap_or_default() {
                "DEFAULT" | "UDPv4" => {}
                "SHM" | "DEFAULTv6" | "UDPv6" | "LARGE_DATA" | "LARGE_DATAv6" | "P2P" | "NONE" => {
                    let hint = "set UDPv4 for all nodes that are to meet this one";
                    self.refuse(
                        "FASTDDS_BUILTIN_TRANSPORTS",
                        "DEFAULT or UDPv4: messages travel by UDPv4",
                        &transports,
                        hint,
                    );
                }
                _ => self.warn(
                    "FASTDDS_BUILTIN_TRANSPORTS",
                    format!("expected one of Fast DDS's, got '{transports}', ignored"),
                ),
            }
        }
        let mut range = range;
        for name in ["FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"] {
            range = self.file(name, &FAST, range);
        }
        if self.value(SKIP_PROFILES_HERE).is_none_or(|skip| !skip.starts_with('1')) {
            for name in PROFILES_HERE {
                if let Ok(text) = (self.file)(name) {
                    let hint = format!("start planwright in another folder, or with {SKIP_PROFILES_HERE}=1");
                    range = self.limits(name, name, &text, &FAST, &hint, range);
                }
            }
        }
        range
    }

    /// A middleware's own settings, in files or in the variable itself.
    fn file(&mut self, name: &str, limits: &Limits, range: Range) -> Range {
        let Some(value) = self.value(name) else { return range };
        let mut text = String::new();
        let mut rest = value.as_str();
        while !rest.is_empty() {
            // Commas part files; a fragment of XML may hold some.
            let fragment = rest.trim_start().starts_with('<');
            let end = if fragment {
                rest.rfind('>').map_or(rest.len(), |end| end + 1)
            } else {
                rest.find(',').unwrap_or(rest.len())
            };
            let (one, next) = rest.split_at(end);
            rest = next.trim_start_matches([',', ' ']);
            if fragment {
                text.push_str(one);
                continue;
            }
            match (self.file)(one.trim().trim_start_matches("file://")) {
                Ok(content) => text.push_str(&content),
                // Cyclone DDS does not start without it, Fast DDS does.
                Err(error) if std::ptr::eq(limits, &CYCLONE) => {
                    self.refuse(name, format!("a readable file: {error}"), &value, "correct the path, or unset it");
                    return range;
                }
                Err(error) => {
                    self.warn(name, format!("expected a readable file, got '{value}': {error}"));
                    return range;
                }
            }
        }
        self.limits(name, &value, &text, limits, "unset it for planwright", range)
    }

    /// What settings say about the network counts, and nothing else.
    fn limits(&mut self, name: &str, got: &str, text: &str, limits: &Limits, hint: &str, range: Range) -> Range {
        let found = limits_of(text, limits);
        if !found.limits.is_empty() {
            let expected = format!(
                "settings that leave the network as it is, because they are not applied: {}",
                found.limits.join(", ")
            );
            self.refuse(name, expected, got, hint);
        } else if found.loopback {
            return Range::Localhost;
        } else {
            self.warn(name, "not applied; it does not limit the network");
        }
        range
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn files(path: &str) -> io::Result<String> {
        match path {
            "/buffers.xml" => Ok("<dds><!-- <initialPeersList/> --><transport_descriptor><type>UDPv4</type>\
                <sendBufferSize>4000000</sendBufferSize></transport_descriptor>\
                <useBuiltinTransports>false</useBuiltinTransports></dds>"
                .to_owned()),
            "/peers.xml" => Ok("<builtin><initialPeersList><locator/></initialPeersList></builtin>".to_owned()),
            "/server.xml" => Ok("<discoveryProtocol>SUPER_CLIENT</discoveryProtocol>".to_owned()),
            "/simple.xml" => Ok("<discoveryProtocol>SIMPLE</discoveryProtocol>".to_owned()),
            "/sec.xml" => Ok("<property><name>dds.sec.auth.plugin</name></property>".to_owned()),
            "/shm.xml" => Ok("<type>SHM</type><useBuiltinTransports> false </useBuiltinTransports>".to_owned()),
            "/lo.xml" => Ok("<interfaceWhiteList>\n<address>127.0.0.1</address></interfaceWhiteList>".to_owned()),
            "/eth.xml" => {
                Ok("<interfaceWhiteList><address>127.0.0.1</address><interface>eth0</interface></interfaceWhiteList>"
                    .to_owned())
            }
            "/gain.xml" => Ok("<port><domainIDGain>2</domainIDGain></port>".to_owned()),
            "/large.xml" => Ok("<builtinTransports max_msg_size=\"1MB\">LARGE_DATA</builtinTransports>".to_owned()),
            "/server.json" => Ok("{\"environment\": {\"ROS_DISCOVERY_SERVER\": \"10.0.0.1:11811\"}}".to_owned()),
            "/cyclone.xml" => Ok(
                "<NetworkInterface autodetermine=\"true\" priority=\"default\"/><AllowMulticast>true</AllowMulticast>"
                    .to_owned(),
            ),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn of(variables: &[(&str, &str)]) -> Result<(Environment, Vec<NetworkWarning>), Vec<Refusal>> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Environment::of(&variable, &files)
    }

    /// One variable: the range, and whether it is warned about; or the refusal.
    fn one(name: &str, value: &str) -> Result<(Range, bool), String> {
        let cyclone = ("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp");
        let all = [(name, value), cyclone];
        match of(if name == "CYCLONEDDS_URI" { &all } else { &all[..1] }) {
            Ok((environment, warnings)) => {
                assert!(warnings.iter().all(|warning| warning.variable == name), "{warnings:?}");
                Ok((environment.range, !warnings.is_empty()))
            }
            Err(refusals) => {
                assert_eq!(refusals.len(), 1, "{refusals:?}");
                assert_eq!(refusals[0].variable, name);
                Err(refusals[0].to_string())
            }
        }
    }

    #[test]
    fn the_domain_and_the_middleware_are_read_as_ros_reads_them() {
        assert_eq!(of(&[]), Ok((Environment::default(), vec![])));
        let (cyclone, _) =
            of(&[("ROS_DOMAIN_ID", "42"), ("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")]).expect("both are known");
        assert_eq!((cyclone.domain_id, cyclone.services), (42, Services::Cyclone));
        for (text, id) in [("0x1F", 31), ("010", 8), ("0", 0), ("232", 232)] {
            assert_eq!(of(&[("ROS_DOMAIN_ID", text)]).expect(text).0.domain_id, id);
        }
        for bad in ["233", "-1", "one", "99999", "08", "0x", "0xFF", "5abc"] {
            assert!(one("ROS_DOMAIN_ID", bad).expect_err(bad).contains("from 0 to 232"), "{bad}");
        }
        for bad in ["rmw_zenoh_cpp", "rmw_fastrtps", "rmw_gurumdds_cpp"] {
            assert!(one("RMW_IMPLEMENTATION", bad).expect_err(bad).contains(bad), "{bad}");
        }
    }

    #[test]
    fn a_discovery_range_is_obeyed_or_refused_and_never_ignored() {
        use Range::{Localhost, Subnet};
        let table = [
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET", Ok((Subnet, false))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "SYSTEM_DEFAULT", Ok((Subnet, false))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "", Ok((Subnet, false))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST", Ok((Localhost, false))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "localhost", Ok((Localhost, true))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "NONSENSE", Ok((Localhost, true))),
            ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF", Err("LOCALHOST for this computer")),
            ("ROS_LOCALHOST_ONLY", "1", Ok((Localhost, false))),
            ("ROS_LOCALHOST_ONLY", "0", Ok((Subnet, false))),
            ("ROS_LOCALHOST_ONLY", "true", Ok((Subnet, true))),
            ("ROS_STATIC_PEERS", "10.0.0.7", Err("10.0.0.7")),
            ("ROS_STATIC_PEERS", " ;localhost;127.0.0.1; ", Ok((Subnet, false))),
            ("ROS_DISCOVERY_SERVER", "10.0.0.7:11811", Err("by multicast")),
            ("ROS2_EASY_MODE", "10.0.0.7", Err("by multicast")),
            ("ROS_SECURITY_ENABLE", "true", Err("neither signed nor encrypted")),
            ("ROS_SECURITY_ENABLE", "false", Ok((Subnet, false))),
            ("FASTDDS_BUILTIN_TRANSPORTS", "UDPv4", Ok((Subnet, false))),
            ("FASTDDS_BUILTIN_TRANSPORTS", "LARGE_DATA?max_msg_size=1MB", Err("UDPv4")),
            ("FASTDDS_BUILTIN_TRANSPORTS", "SHM", Err("UDPv4")),
            ("FASTDDS_BUILTIN_TRANSPORTS", "nonsense", Ok((Subnet, true))),
            ("FASTDDS_ENVIRONMENT_FILE", "/server.json", Err("ROS_DISCOVERY_SERVER")),
            ("FASTDDS_DEFAULT_PROFILES_FILE", "/buffers.xml", Ok((Subnet, true))),
            ("FASTDDS_DEFAULT_PROFILES_FILE", "/absent.xml", Ok((Subnet, true))),
            ("FASTDDS_DEFAULT_PROFILES_FILE", "/peers.xml", Err("initialPeersList")),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/server.xml", Err("discoveryProtocol")),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/simple.xml", Ok((Subnet, true))),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/sec.xml", Err("dds.sec")),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/shm.xml", Err("useBuiltinTransports")),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/lo.xml", Ok((Localhost, false))),
            ("FASTRTPS_DEFAULT_PROFILES_FILE", "/eth.xml", Err("interface")),
            ("CYCLONEDDS_URI", "file:///cyclone.xml", Ok((Subnet, true))),
            ("CYCLONEDDS_URI", "<NetworkInterface name=\"lo\"/>", Ok((Localhost, false))),
            ("CYCLONEDDS_URI", "<NetworkInterface name='wlan0'/>", Err("NetworkInterface")),
            ("CYCLONEDDS_URI", "<AllowMulticast>false</AllowMulticast>", Err("AllowMulticast")),
            ("CYCLONEDDS_URI", "<Peers><Peer Address=\"10.0.0.7\"/></Peers>", Err("Peer")),
            ("CYCLONEDDS_URI", "<NetworkInterfaceAddress>auto</NetworkInterfaceAddress>", Ok((Subnet, true))),
            ("CYCLONEDDS_URI", "<networkinterface NAME = 'lo' Multicast=\"true\"/>", Ok((Localhost, false))),
            ("CYCLONEDDS_URI", "<Peers><Peer Address=\"localhost\"/></Peers>", Ok((Subnet, true))),
            ("CYCLONEDDS_URI", "<SPDPMulticastAddress>239.255.0.7</SPDPMulticastAddress>", Err("SPDPMulticastAddress")),
            ("CYCLONEDDS_URI", "<ExternalDomainId>3</ExternalDomainId>", Err("ExternalDomainId")),
            ("CYCLONEDDS_URI", "file:///absent.xml", Err("readable")),
            ("CYCLONEDDS_URI", "file:///cyclone.xml,<Peer Address=\"10.0.0.7\"/>", Err("Peer")),
            (
                "CYCLONEDDS_URI",
                "<NetworkInterface name=\"lo\"/>, <Tracing><Category>a,b</Category></Tracing>",
                Ok((Localhost, false)),
            ),
            ("FASTDDS_DEFAULT_PROFILES_FILE", "/gain.xml", Err("domainIDGain 2")),
            ("FASTDDS_DEFAULT_PROFILES_FILE", "/large.xml", Err("builtinTransports LARGE_DATA")),
        ];
        for (name, value, expected) in table {
            match (one(name, value), expected) {
                (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{name}={value}"),
                (Err(text), Err(part)) => {
                    assert!(text.contains(part) && text.contains("\nhint: "), "{name}={value}: {text}");
                    assert!(text.contains(&format!("{IGNORE}={name}")), "{name}={value}: {text}");
                }
                (got, wanted) => panic!("{name}={value}: expected {wanted:?}, got {got:?}"),
            }
        }
    }

    #[test]
    fn localhost_only_wins_over_range_and_peers_as_in_rcl() {
        let all =
            [("ROS_LOCALHOST_ONLY", "1"), ("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF"), ("ROS_STATIC_PEERS", "10.0.0.7")];
        assert_eq!(of(&all).expect("localhost").0.range, Range::Localhost);
    }

    #[test]
    fn a_variable_of_another_middleware_does_not_count() {
        let fast = [("ROS_DISCOVERY_SERVER", "10.0.0.7:11811"), ("FASTDDS_DEFAULT_PROFILES_FILE", "/peers.xml")];
        let connext = [("RMW_IMPLEMENTATION", "rmw_connextdds"), ("RMW_CONNEXT_INITIAL_PEERS", "10.0.0.7")];
        assert_eq!(of(&connext).expect_err("peers").len(), 1);
        assert!(of(&connext[1..]).is_ok());
        assert!(of(&[fast[0], fast[1], ("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")]).is_ok());
        assert!(of(&[("CYCLONEDDS_URI", "<Peer Address=\"10.0.0.7\"/>")]).is_ok());
        assert_eq!(of(&fast).expect_err("both").len(), 2);
    }

    #[test]
    fn profiles_in_the_folder_count_as_fast_dds_has_it() {
        let here = |text: &'static str, skip: Option<&'static str>| {
            let variable = |name: &str| skip.filter(|_| name == SKIP_PROFILES_HERE).map(str::to_owned);
            Environment::of(&variable, &|path| match path {
                "DEFAULT_FASTDDS_PROFILES.xml" => Ok(text.to_owned()),
                _ => Err(io::Error::from(io::ErrorKind::NotFound)),
            })
        };
        let peers = "<initialPeersList><locator/></initialPeersList>";
        let refusal = here(peers, None).expect_err("peers")[0].to_string();
        assert!(refusal.contains("initialPeersList") && refusal.contains("SKIP_DEFAULT_XML_FILE=1"), "{refusal}");
        assert_eq!(here(peers, Some("1")), Ok((Environment::default(), vec![])));
        assert!(here(peers, Some("0")).is_err());
        let lo = "<interfaceWhiteList><address>127.0.0.1</address></interfaceWhiteList>";
        assert_eq!(here(lo, None).expect("loopback").0.range, Range::Localhost);
    }

    #[test]
    fn what_is_refused_can_be_ignored_by_its_name_and_is_then_named() {
        let zenoh = ("RMW_IMPLEMENTATION", "rmw_zenoh_cpp");
        let (environment, warnings) = of(&[zenoh, (IGNORE, "RMW_IMPLEMENTATION,ROS_STATIC_PEERS")]).expect("ignored");
        assert_eq!(environment, Environment::default());
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].to_string().contains("rmw_zenoh_cpp"), "{}", warnings[0]);
        let off = [("ROS_AUTOMATIC_DISCOVERY_RANGE", "OFF"), (IGNORE, "ROS_AUTOMATIC_DISCOVERY_RANGE")];
        assert_eq!(of(&off).expect("ignored").0.range, Range::Localhost);
        let refusals = of(&[zenoh, (IGNORE, "ROS_DOMAIN_ID")]).expect_err("two");
        assert_eq!(
            refusals.iter().map(|refusal| refusal.variable.as_str()).collect::<Vec<_>>(),
            [IGNORE, "RMW_IMPLEMENTATION"]
        );
    }
}
