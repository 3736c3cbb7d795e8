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
        ("blocklist", &[]),
        ("domainId", &[]),
        ("portBase", &["7400"]),
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
        ("Base", &["7400"]),
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

/// Reads the elements of `text`. It need not be well-formed: what the middleware refuses is not decided here.
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
        let one_of = |list: &[&str]| list.iter().any(|own| *own == name || own.split_once('/') == Some((parent, name)));
        if one_of(limits.interfaces) {
            let address = attribute(attributes, "address").or_else(|| attribute(attributes, "name")).unwrap_or(value);
            if !address.is_empty() && address != "auto" {
                named.push(format!("{name} {address}"));
            }
        }
        let harmless = limits.elements.iter().find(|(own, _)| *own == name).map(|(_, harmless)| *harmless);
        if harmless.is_some_and(|harmless| !harmless.contains(&value)) || value.starts_with("dds.sec.") {
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
    let (_, rest) = attributes.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.get(1..)?.split(quote).next()
}
