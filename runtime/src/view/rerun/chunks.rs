//! Rows of data gathered per entity and turned into rerun's chunks in one go: small chunks dominate the cost.
//!
//! Chunks are built directly, not through a `RecordingStream`: that would bring two more threads, and calls
//! that block when its sink does.

use std::collections::BTreeMap;

use re_chunk::{Chunk, ChunkError, RowId};
use re_log_types::{LogMsg, SetStoreInfo, StoreId, StoreInfo, StoreSource, TimePoint};
use re_sdk_types::{AsComponents, SerializedComponentBatch};

struct Row {
    id: RowId,
    time: TimePoint,
    batches: Vec<SerializedComponentBatch>,
}

/// The rows of one store that are not sent yet. An entity must always use the same timelines.
pub(super) struct ChunkRows {
    store: StoreId,
    entities: BTreeMap<String, Vec<Row>>,
}

impl ChunkRows {
    pub(super) fn new(store: StoreId) -> Self {
        Self { store, entities: BTreeMap::new() }
    }

    /// The message that announces the store; first of all.
    pub(super) fn announcement(&self) -> LogMsg {
        let source = StoreSource::Other(concat!("planwright ", env!("CARGO_PKG_VERSION")).to_owned());
        let info = StoreInfo::new(self.store.clone(), source);
        SetStoreInfo { row_id: *RowId::new(), info }.into()
    }

    /// Adds a row to an entity.
    pub(super) fn add(&mut self, entity: &str, time: &TimePoint, data: &dyn AsComponents) {
        let row = Row { id: RowId::new(), time: time.clone(), batches: data.as_serialized_batches() };
        match self.entities.get_mut(entity) {
            Some(rows) => rows.push(row),
            None => {
                self.entities.insert(entity.to_owned(), vec![row]);
            }
        }
    }

    /// One chunk per entity that has rows.
    pub(super) fn drain(&mut self) -> Result<Vec<LogMsg>, ChunkError> {
        let mut messages = Vec::with_capacity(self.entities.len());
        for (entity, rows) in &mut self.entities {
            let rows = std::mem::take(rows);
            if rows.is_empty() {
                continue;
            }
            let mut builder = Chunk::builder(entity.as_str());
            for row in rows {
                builder = builder.with_serialized_batches(row.id, row.time, row.batches);
            }
            messages.push(LogMsg::ArrowMsg(self.store.clone(), builder.build()?.to_arrow_msg()?));
        }
        Ok(messages)
    }

    /// Data that hold for all times; a later message for the same entity replaces it.
    pub(super) fn fixed(&self, entity: &str, data: &dyn AsComponents) -> Result<LogMsg, ChunkError> {
        let chunk = Chunk::builder(entity)
            .with_serialized_batches(RowId::new(), TimePoint::STATIC, data.as_serialized_batches())
            .build()?;
        Ok(LogMsg::ArrowMsg(self.store.clone(), chunk.to_arrow_msg()?))
    }
}
