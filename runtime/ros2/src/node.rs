//! A node on the wire: its name, and the topics and services it opens.

use super::dispose::Disposal;
use super::messages::interface::{ActionType, MessageType, ServiceType};
use super::names::{NameError, NameKind, NodeIdentity, RemapRule, remapped_identity, resolve};
use super::network::{Environment, Range};
use super::qos::Qos;
use ros2_client::action::ActionServerQosPolicies;
use ros2_client::dds::rustdds::{
    DomainParticipant, DomainParticipantBuilder, DomainParticipantStatusEvent, DomainParticipantStatusListener, GUID,
    QosPolicies, RTPSEntity, StatusEvented, policy,
};
use ros2_client::{
    ActionServer, ActionTypeName, Context, CreateError, Message, MessageTypeName, Name, NodeName, NodeOptions,
    RmwRequestId, ServiceMapping, ServiceTypeName,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a node, a topic or a service could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A name that ROS does not allow.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name that the middleware does not take.
    #[error("expected a name that the middleware takes, got '{name}': {reason}")]
    Refused {
        /// The name.
        name: String,
        /// The middleware's message.
        reason: String,
    },
    /// The middleware failed.
    #[error(
        "expected to join the ROS 2 network, got: {0}\nhint: is there a network interface that is up and can multicast?"
    )]
    Middleware(#[from] CreateError),
    /// The event loop failed.
    #[error("expected to watch a topic, got: {0}")]
    Io(#[from] std::io::Error),
}

/// How requests and replies travel: it depends on the peers' middleware and cannot be seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Services {
    /// rmw_fastrtps (ROS's default) and rmw_connextdds.
    #[default]
    FastDds,
    /// rmw_cyclonedds.
    Cyclone,
}

impl Services {
    fn mapping(self) -> ServiceMapping {
        match self {
            Self::FastDds => ServiceMapping::Enhanced,
            Self::Cyclone => ServiceMapping::Cyclone,
        }
    }
}

/// A node's name, and the rules by which its topics and services are renamed.
#[derive(Clone, Debug)]
pub struct NodeNames {
    identity: NodeIdentity,
    rules: Vec<RemapRule>,
}

impl NodeNames {
    /// A node of a name, in the root namespace unless the rules say otherwise.
    ///
    /// # Errors
    /// If a name is not allowed.
    pub fn new(name: &str, rules: Vec<RemapRule>) -> Result<Self, NameError> {
        let identity = remapped_identity(&NodeIdentity::new(name, "/")?, &rules)?;
        Ok(Self { identity, rules })
    }

    /// Name and namespace.
    pub fn identity(&self) -> &NodeIdentity {
        &self.identity
    }

    /// A topic's name on the network.
    ///
    /// # Errors
    /// If it is not allowed.
    pub fn topic(&self, name: &str) -> Result<String, NameError> {
        Ok(resolve(name, NameKind::Topic, &self.identity, &self.rules)?.as_str().to_owned())
    }

    /// A service's or an action's name on the network.
    ///
    /// # Errors
    /// If it is not allowed.
    pub fn service(&self, name: &str) -> Result<String, NameError> {
        Ok(resolve(name, NameKind::Service, &self.identity, &self.rules)?.as_str().to_owned())
    }
}

/// Counts writes that the middleware did not take. A flood of malformed packets can make every write fail for
/// ever (RustDDS #406): that is a fault to be acted on, not a hiccup.
#[derive(Debug, Default)]
pub struct WriteWatch {
    failed_in_a_row: AtomicU64,
    failed: AtomicU64,
    written: AtomicU64,
}

impl WriteWatch {
    /// Notes how a write went.
    pub fn record(&self, written: bool) {
        if written {
            self.written.fetch_add(1, Ordering::Relaxed);
            self.failed_in_a_row.store(0, Ordering::Relaxed);
        } else {
            self.failed.fetch_add(1, Ordering::Relaxed);
            self.failed_in_a_row.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Failures since the last write that worked.
    pub fn failed_in_a_row(&self) -> u64 {
        self.failed_in_a_row.load(Ordering::Relaxed)
    }

    /// All failures.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// All writes that worked.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

/// One end of a topic or service, for the tables in the documentation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Endpoint {
    /// `publishes`, `subscribes`, `serves` or `acts`.
    pub role: &'static str,
    /// As written in the code, before expansion and remapping.
    pub name: String,
    /// On the network.
    #[serde(skip)]
    pub resolved: String,
    /// `package/Type`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Name of the preset.
    pub qos: &'static str,
}

/// Sends messages of one type.
pub struct Publisher<M: serde::Serialize> {
    inner: ros2_client::Publisher<M>,
    watch: Arc<WriteWatch>,
}

impl<M: serde::Serialize> Publisher<M> {
    /// Hands the message to the middleware, without waiting. False if it did not take it.
    pub fn publish(&self, message: M) -> bool {
        let written = self.inner.publish(message).is_ok();
        self.watch.record(written);
        written
    }
}

/// Receives messages of one type; [`super::executor::Executor::subscribe`] takes it.
pub struct Subscription<M> {
    pub(super) inner: ros2_client::Subscription<M>,
    pub(super) name: String,
}

/// Answers requests of one type; [`super::executor::Executor::serve`] takes it.
pub struct Server<Q: Message, R: Message> {
    pub(super) inner: ros2_client::Server<Q, R>,
    pub(super) name: String,
    watch: Arc<WriteWatch>,
}

impl<Q: Message + 'static, R: Message + 'static> Server<Q, R> {
    /// Answers a request.
    pub fn answer(&self, request: RmwRequestId, response: R) {
        self.watch.record(self.inner.send_response(request, response).is_ok());
    }
}

/// The crate's server for an action of type `T`.
pub(super) type ActionServerOf<T> =
    ActionServer<<T as ActionType>::Goal, <T as ActionType>::Result, <T as ActionType>::Feedback>;

/// A topic on which a peer and this node do not understand each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QosMismatch {
    /// The topic, as this node names it on the network.
    pub topic: String,
    /// The reader's request and the writer's offer.
    pub text: String,
    /// The peer is a writer that fits but for one thing: it keeps nothing for late joiners.
    pub is_volatile_writer: bool,
}

impl QosMismatch {
    fn new(topic: &str, asked: &QosPolicies, offered: &QosPolicies, is_writer: bool) -> Self {
        let is_reliable = |qos: &QosPolicies| matches!(qos.reliability(), Some(policy::Reliability::Reliable { .. }));
        let is_kept = |qos: &QosPolicies| !matches!(qos.durability(), None | Some(policy::Durability::Volatile));
        let profile = |qos: &QosPolicies| {
            let reliability = if is_reliable(qos) { "reliable" } else { "best effort" };
            format!("{reliability}, {}", if is_kept(qos) { "transient local" } else { "volatile" })
        };
        let is_volatile = is_kept(asked) && !is_kept(offered) && (is_reliable(offered) || !is_reliable(asked));
        Self {
            topic: topic.to_owned(),
            text: format!("the reader asks for {}, the writer offers {}", profile(asked), profile(offered)),
            is_volatile_writer: is_writer && is_volatile,
        }
    }
}

/// A node that has joined a domain.
pub struct Node {
    inner: ros2_client::Node,
    names: NodeNames,
    services: Services,
    watch: Arc<WriteWatch>,
    endpoints: Vec<Endpoint>,
    participant: DomainParticipant,
    events: DomainParticipantStatusListener,
    topics: BTreeMap<GUID, String>,
}

impl Node {
    /// Joins a domain under the name of `names`.
    ///
    /// # Errors
    /// If the middleware refuses the name or finds no network.
    pub fn new(names: NodeNames, environment: Environment) -> Result<Self, NodeError> {
        let participant = DomainParticipantBuilder::new(environment.domain_id);
        let participant = match environment.range {
            Range::Subnet => participant,
            Range::Localhost => participant.with_only_networks([Ipv4Addr::LOCALHOST]),
        };
        let context = Context::from_domain_participant(participant.build().map_err(CreateError::from)?)?;
        let refused = |reason: String| NodeError::Refused { name: names.identity.fully_qualified(), reason };
        let name = NodeName::new(names.identity.namespace(), names.identity.name())
            .map_err(|error| refused(error.to_string()))?;
        // Parameters and logs are ours: the crate's know neither descriptions nor transactions.
        let options = NodeOptions::new().enable_rosout(false).start_parameter_services(false);
        let participant = context.domain_participant();
        let inner = context.new_node(name, options).map_err(|error| refused(format!("{error:?}")))?;
        Ok(Self {
            inner,
            names,
            services: environment.services,
            watch: Arc::new(WriteWatch::default()),
            endpoints: Vec::new(),
            events: participant.status_listener(),
            participant,
            topics: BTreeMap::new(),
        })
    }

    /// Its name, namespace and remappings.
    pub fn names(&self) -> &NodeNames {
        &self.names
    }

    /// How writes went.
    pub fn watch(&self) -> &Arc<WriteWatch> {
        &self.watch
    }

    /// What it has opened.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The next peer whose quality of service does not fit one of this node's topics. Must be polled:
    /// what is not fetched is forgotten.
    pub fn qos_mismatch(&self) -> Option<QosMismatch> {
        while let Some(event) = self.events.try_recv_status() {
            let (local, asked, offered, is_writer) = match event {
                DomainParticipantStatusEvent::RemoteReaderQosIncompatible {
                    local_writer,
                    requested_qos,
                    offered_qos,
                    ..
                } => (local_writer, requested_qos, offered_qos, false),
                DomainParticipantStatusEvent::RemoteWriterQosIncompatible {
                    local_reader,
                    requested_qos,
                    offered_qos,
                    ..
                } => (local_reader, requested_qos, offered_qos, true),
                _ => continue,
            };
            if let Some(topic) = self.topics.get(&local) {
                return Some(QosMismatch::new(topic, &asked, &offered, is_writer));
            }
        }
        None
    }

    /// What it has joined the domain with.
    pub(super) fn participant(&self) -> &DomainParticipant {
        &self.participant
    }

    /// Keeps the node's place in the domain after everything else of it is gone: see [`Disposal`].
    pub fn disposal(&self) -> Disposal {
        Disposal::new(&self.participant)
    }

    /// How many other participants have opened readers or writers here.
    pub fn peers(&self) -> usize {
        let own = self.participant.guid().prefix;
        let writers =
            self.participant.discovered_writers().into_iter().map(|writer| writer.writer_proxy.remote_writer_guid);
        let others: BTreeSet<_> = writers.map(|guid| guid.prefix).filter(|prefix| *prefix != own).collect();
        others.len()
    }

    fn note(&mut self, role: &'static str, name: &str, resolved: &str, type_name: String, qos: &'static str) {
        self.endpoints.push(Endpoint { role, name: name.to_owned(), resolved: resolved.to_owned(), type_name, qos });
    }

    fn topic<M: MessageType>(
        &mut self,
        role: &'static str,
        name: &str,
        qos: Qos,
    ) -> Result<(ros2_client::dds::rustdds::Topic, String), NodeError> {
        let resolved = self.names.topic(name)?;
        let topic =
            self.inner.create_topic(&parse(&resolved)?, MessageTypeName::new(M::PACKAGE, M::NAME), &qos.profile())?;
        self.note(role, name, &resolved, format!("{}/{}", M::PACKAGE, M::NAME), qos.name());
        Ok((topic, resolved))
    }

    /// Opens a topic for writing.
    ///
    /// # Errors
    /// If the name is not allowed or the middleware refuses.
    pub fn publisher<M: MessageType + Message>(&mut self, name: &str, qos: Qos) -> Result<Publisher<M>, NodeError> {
        let (topic, name) = self.topic::<M>("publishes", name, qos)?;
        let inner = self.inner.create_publisher(&topic, Some(qos.profile()))?;
        self.topics.insert(inner.guid(), name);
        Ok(Publisher { inner, watch: Arc::clone(&self.watch) })
    }

    /// Opens a topic for reading.
    ///
    /// # Errors
    /// If the name is not allowed or the middleware refuses.
    pub fn subscription<M: MessageType + Message + 'static>(
        &mut self,
        name: &str,
        qos: Qos,
    ) -> Result<Subscription<M>, NodeError> {
        let (topic, name) = self.topic::<M>("subscribes", name, qos)?;
        let inner = self.inner.create_subscription(&topic, Some(qos.profile()))?;
        self.topics.insert(inner.guid(), name.clone());
        Ok(Subscription { inner, name })
    }

    /// Opens a service.
    ///
    /// # Errors
    /// If the name is not allowed or the middleware refuses.
    pub fn server<T: ServiceType>(&mut self, name: &str) -> Result<Server<T::Request, T::Response>, NodeError> {
        let resolved = self.names.service(name)?;
        let inner = self.inner.create_server(
            self.services.mapping(),
            &parse(&resolved)?,
            &ServiceTypeName::new(T::PACKAGE, T::NAME),
            Qos::service(),
            Qos::service(),
        )?;
        self.note("serves", name, &resolved, format!("{}/{}", T::PACKAGE, T::NAME), "services");
        Ok(Server { inner, name: resolved, watch: Arc::clone(&self.watch) })
    }

    /// Opens an action.
    ///
    /// # Errors
    /// If the name is not allowed or the middleware refuses.
    pub(super) fn action<T: ActionType>(&mut self, name: &str) -> Result<(ActionServerOf<T>, String), NodeError> {
        let resolved = self.names.service(name)?;
        let policies = ActionServerQosPolicies {
            goal_service: Qos::service(),
            result_service: Qos::service(),
            cancel_service: Qos::service(),
            feedback_publisher: Qos::Reliable.profile(),
            status_publisher: Qos::Latched.profile(),
        };
        let type_name = ActionTypeName::new(T::PACKAGE, T::NAME);
        let server =
            self.inner.create_action_server(self.services.mapping(), &parse(&resolved)?, &type_name, policies)?;
        self.note("acts", name, &resolved, format!("{}/{}", T::PACKAGE, T::NAME), "services");
        Ok((server, resolved))
    }
}

fn parse(resolved: &str) -> Result<Name, NodeError> {
    Name::parse(resolved).map_err(|error| NodeError::Refused { name: resolved.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_fits_but_keeps_nothing_for_late_joiners_is_told_from_others() {
        let asked = Qos::Latched.profile().into();
        let of = |qos: Qos, asked: &QosPolicies| {
            QosMismatch::new("/map", asked, &qos.profile().into(), true).is_volatile_writer
        };
        assert!(of(Qos::Reliable, &asked), "reliable and volatile");
        assert!(!of(Qos::Sensor, &asked), "best effort");
        assert!(!of(Qos::Reliable, &Qos::Reliable.profile().into()), "volatile fits volatile");
        let text = QosMismatch::new("/map", &asked, &Qos::Sensor.profile().into(), true).text;
        assert_eq!(text, "the reader asks for reliable, transient local, the writer offers best effort, volatile");
    }

    #[test]
    fn a_write_that_works_ends_a_row_of_failures() {
        let watch = WriteWatch::default();
        for _ in 0..3 {
            watch.record(false);
        }
        assert_eq!(watch.failed_in_a_row(), 3);
        watch.record(true);
        assert_eq!((watch.failed_in_a_row(), watch.failed(), watch.written()), (0, 3, 1));
    }
}
