//! What a middleware's XML settings say about the network: elements that limit who is met, and by which way.

/// The elements of one middleware.
pub(super) struct Limits {
    /// Those that limit, with the values that do not.
    elements: &'static [(&'static str, &'static [&'static str])],
    /// Those that name an interface, by their text or by the attributes `name` and `address`.
    interfaces: &'static [&'static str],
}

/// Fast DDS's profiles.
pub(super) const FAST: Limits = Limits {
    elements: &[
        ("initialPeersList", &[]),
        ("discoveryProtocol", &["SIMPLE"]),
        ("discoveryServersList", &[]),
        ("ignoreParticipantFlags", &["NO_FILTER"]),
        ("avoid_builtin_multicast", &["false"]),
        ("metatrafficUnicastLocatorList", &[]),
        ("metatrafficMulticastLocatorList", &[]),
        ("defaultUnicastLocatorList", &[]),
        ("defaultMulticastLocatorList", &[]),
        ("ignore_non_matching_locators", &["false"]),
        ("use_SIMPLE_EndpointDiscoveryProtocol", &["true"]),
        ("EDP", &["SIMPLE"]),
        ("builtinTransports", &["DEFAULT", "UDPv4"]),
        ("netmask_filter", &["AUTO", "OFF"]),
        ("blocklist", &[]),
        ("domainId", &[]),
        ("portBase", &["7400"]),
        ("domainIDGain", &["250"]),
        ("participantIDGain", &["2"]),
        ("offsetd0", &["0"]),
        ("offsetd1", &["10"]),
        ("offsetd2", &["1"]),
        ("offsetd3", &["11"]),
        ("TTL", &[]),
    ],
    interfaces: &["interfaceWhiteList/address", "interfaceWhiteList/interface", "allowlist/interface"],
};

/// Cyclone DDS's configuration.
pub(super) const CYCLONE: Limits = Limits {
    elements: &[
        ("AllowMulticast", &["true", "default", "spdp"]),
        ("Peer", &[]),
        ("Tag", &[]),
        ("Security", &[]),
        ("DDSSecurity", &[]),
        ("ExternalNetworkAddress", &["auto"]),
        ("Transport", &["default", "udp"]),
        ("SPDPMulticastAddress", &["239.255.0.1"]),
        ("DefaultMulticastAddress", &["auto"]),
        ("MulticastTimeToLive", &["1", "32"]),
        ("ExternalDomainId", &["default"]),
        ("NetworkPartition", &[]),
        ("IgnoredPartition", &[]),
        ("Base", &["7400"]),
        ("DomainGain", &["250"]),
        ("ParticipantGain", &["2"]),
        ("MulticastMetaOffset", &["0"]),
        ("UnicastMetaOffset", &["10"]),
        ("MulticastDataOffset", &["1"]),
        ("UnicastDataOffset", &["11"]),
    ],
    interfaces: &["NetworkInterface", "NetworkInterfaceAddress"],
};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Names of elements that limit the network, with their values.
    pub limits: Vec<String>,
    /// The interfaces are named, and are the loopback alone.
    pub loopback: bool,
}

/// Reads the elements of `text`. It need not be well-formed: what the middleware refuses is not decided here. Capitals do
/// not count, as in Cyclone DDS.
pub(super) fn limits_of(text: &str, limits: &Limits) -> Found {
    let mut found = Found::default();
    let (mut parents, mut named, mut builtin, mut udp) = (Vec::new(), Vec::new(), true, false);
    let text = without_comments(text);
    for element in text.split('<').skip(1) {
        let (tag, value) = element.split_once('>').unwrap_or((element, ""));
        let value = value.trim();
        if tag.starts_with('/') {
            parents.pop();
            continue;
        }
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.trim_end_matches('/');
        let parent = parents.last().copied().unwrap_or("");
        let is = |own: &str, name: &str| own.eq_ignore_ascii_case(name);
        let below = |own: &str| own.split_once('/').is_some_and(|(above, own)| is(above, parent) && is(own, name));
        let one_of = |list: &[&str]| list.iter().any(|own| is(own, name) || below(own));
        if one_of(limits.interfaces) {
            let address = attribute(attributes, "address").or_else(|| attribute(attributes, "name")).unwrap_or(value);
            if !address.is_empty() && address != "auto" {
                named.push(format!("{name} {address}"));
            }
        }
        let harmless = limits.elements.iter().find(|(own, _)| is(own, name)).map(|(_, harmless)| *harmless);
        let is_limit = harmless.is_some_and(|harmless| !harmless.iter().any(|own| is(own, value)));
        let is_local = is(name, "Peer") && attribute(attributes, "address").is_some_and(is_this_computer);
        if is_limit && !is_local || value.starts_with("dds.sec.") {
            found.limits.push(format!("{name} {value}").trim_end().to_owned());
        }
        builtin &= !(name == "useBuiltinTransports" && value == "false");
        udp |= name == "type" && value == "UDPv4";
        if !tag.ends_with('/') && !tag.starts_with(['?', '!']) {
            parents.push(name);
        }
    }
    if !builtin && !udp {
        found.limits.push("useBuiltinTransports false without UDPv4".to_owned());
    }
    let is_loopback = |text: &String| [" lo", " 127.0.0.1", " localhost"].iter().any(|own| text.ends_with(own));
    found.loopback = !named.is_empty() && named.iter().all(is_loopback);
    if !found.loopback {
        found.limits.extend(named);
    }
    found
}

/// Whether an address is one of this computer's own loopback.
pub(super) fn is_this_computer(address: &str) -> bool {
    address == "localhost" || address.starts_with("127.")
}

fn without_comments(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, comment)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The value of an attribute in either kind of quotes.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((before, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, next) = after.get(1..)?.split_once(quote)?;
        if before.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim());
        }
        rest = next;
    }
    None
}
