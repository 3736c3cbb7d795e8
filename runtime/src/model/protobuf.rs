//! As much protobuf as an artefact needs: appending metadata entries, and walking over fields without a decode.

use super::foreign::quoted;

/// Wire type of strings, bytes and messages.
const LENGTH_DELIMITED: u8 = 2;
/// Messages nested deeper than this are an attack, not a network.
const MAX_DEPTH: usize = 32;

/// Field numbers of onnx.proto.
pub(super) mod field {
    /// `ModelProto.ir_version`.
    pub const MODEL_IR_VERSION: u32 = 1;
    /// `ModelProto.producer_name`.
    pub const MODEL_PRODUCER: u32 = 2;
    /// `ModelProto.graph`.
    pub const MODEL_GRAPH: u32 = 7;
    /// `ModelProto.metadata_props`.
    pub const MODEL_METADATA: u32 = 14;
    /// `ModelProto.functions`.
    pub const MODEL_FUNCTIONS: u32 = 25;
}

/// One field of a message, as it lies in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Field number.
    pub number: u32,
    /// Offset of the field's tag in the message.
    pub start: usize,
    /// Offset after the field's last byte.
    pub end: usize,
    /// A varint's value, or 0.
    pub varint: u64,
    /// The content, if length-delimited.
    pub content: Option<&'a [u8]>,
}

/// The bytes are no protobuf message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Walks over the top-level fields of a message; ends after the first malformed one.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, Malformed>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= message.len() {
            return None;
        }
        let field = field_at(message, at);
        at = field.map_or(message.len(), |field| field.end);
        Some(field.ok_or(Malformed))
    })
}

fn field_at(message: &[u8], start: usize) -> Option<Field<'_>> {
    let (tag, mut end) = read_varint(message, start)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
    let (mut varint, mut content) = (0, None);
    match (tag & 7) as u8 {
        0 => (varint, end) = read_varint(message, end)?,
        1 => end = end.checked_add(8)?,
        LENGTH_DELIMITED => {
            let (length, from) = read_varint(message, end)?;
            end = from.checked_add(usize::try_from(length).ok()?)?;
            content = Some(message.get(from..end)?);
        }
        5 => end = end.checked_add(4)?,
        _ => return None,
    }
    (end <= message.len()).then_some(Field { number, start, end, varint, content })
}

fn read_varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a length-delimited field.
pub(super) fn write_field(bytes: &mut Vec<u8>, number: u32, content: &[u8]) {
    write_varint(bytes, u64::from(number) << 3 | u64::from(LENGTH_DELIMITED));
    write_varint(bytes, content.len() as u64);
    bytes.extend_from_slice(content);
}

/// Appends a varint field.
#[cfg(any(test, feature = "onnxruntime"))]
pub(super) fn write_varint_field(bytes: &mut Vec<u8>, number: u32, value: u64) {
    write_varint(bytes, u64::from(number) << 3);
    write_varint(bytes, value);
}

/// A `metadata_props` entry of a model, ready to be appended to its bytes.
pub(super) fn metadata_entry(key: &str, value: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(key.len() + value.len() + 16);
    write_field(&mut entry, 1, key.as_bytes());
    write_field(&mut entry, 2, value);
    let mut bytes = Vec::with_capacity(entry.len() + 8);
    write_field(&mut bytes, field::MODEL_METADATA, &entry);
    bytes
}

/// Key and value of a `metadata_props` entry's content.
pub(super) fn key_and_value(entry: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut key, mut value) = (&[][..], &[][..]);
    for field in fields(entry) {
        let field = field?;
        match (field.number, field.content) {
            (1, Some(content)) => key = content,
            (2, Some(content)) => value = content,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Messages of onnx.proto that can hold a tensor, for the search for external data.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

impl Kind {
    /// The message in a field, if one that can hold a tensor.
    fn inner(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, field::MODEL_GRAPH) => Self::Graph,
            (Self::Model, field::MODEL_FUNCTIONS) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::Attribute, 6 | 11) => Self::Graph,
            _ => return None,
        })
    }

    /// The fields that onnx.proto declares before those of smaller numbers: the exporter's library writes in the order
    /// of declaration.
    fn first_written(self) -> &'static [u32] {
        match self {
            Self::Model => &[1, 8],
            Self::Attribute => &[1, 21, 13, 20],
            _ => &[],
        }
    }
}

/// A tensor whose numbers lie in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct External {
    /// Its name.
    pub tensor: String,
    /// The other file's, relative to the model.
    pub location: String,
}

/// The first tensor of a model whose numbers lie in another file, if there is one.
pub(super) fn external_tensor(model: &[u8]) -> Result<Option<External>, Malformed> {
    search(model, Kind::Model, 0)
}

fn search(message: &[u8], kind: Kind, depth: usize) -> Result<Option<External>, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let (mut name, mut location, mut external) = (&[][..], &[][..], false);
    for field in fields(message) {
        let field = field?;
        let inner = match (kind, field.number) {
            (Kind::Tensor, 8) => {
                name = field.content.unwrap_or_default();
                continue;
            }
            // `external_data` entries, or `data_location` = EXTERNAL.
            (Kind::Tensor, 13) => {
                external = true;
                if let Ok((b"location", value)) = key_and_value(field.content.unwrap_or_default()) {
                    location = value;
                }
                continue;
            }
            (Kind::Tensor, 14) => {
                external |= field.varint != 0;
                continue;
            }
            _ => match kind.inner(field.number) {
                Some(inner) => inner,
                None => continue,
            },
        };
        if let Some(found) = search(field.content.ok_or(Malformed)?, inner, depth + 1)? {
            return Ok(Some(found));
        }
    }
    Ok(external.then(|| External { tensor: quoted(name), location: quoted(location) }))
}

/// A model as the exporter's library writes it: other tools write the same fields in the order of their numbers, add
/// the shapes in between (`value_info`) and state that a tensor is not external.
pub(super) fn in_export_order(message: &[u8]) -> Result<Vec<u8>, Malformed> {
    reordered(message, Kind::Model, 0)
}

fn reordered(message: &[u8], kind: Kind, depth: usize) -> Result<Vec<u8>, Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed);
    }
    let mut parts: Vec<(usize, u32, Vec<u8>)> = Vec::new();
    for field in fields(message) {
        let field = field?;
        let is_implied = match kind {
            Kind::Graph => field.number == 13,
            Kind::Tensor => field.number == 14 && field.varint == 0,
            _ => false,
        };
        if is_implied {
            continue;
        }
        let bytes = match (kind.inner(field.number), field.content) {
            (Some(inner), Some(content)) => {
                let mut bytes = Vec::with_capacity(content.len() + 8);
                write_field(&mut bytes, field.number, &reordered(content, inner, depth + 1)?);
                bytes
            }
            _ => message[field.start..field.end].to_vec(),
        };
        let first = kind.first_written();
        let rank = first.iter().position(|number| *number == field.number).unwrap_or(first.len());
        parts.push((rank, field.number, bytes));
    }
    // Stable: fields of one number keep their order.
    parts.sort_by_key(|(rank, number, _)| (*rank, *number));
    Ok(parts.into_iter().flat_map(|(_, _, bytes)| bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for value in [0, 1, 127, 128, 300, 1 << 20, u64::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            assert_eq!(read_varint(&bytes, 0), Some((value, bytes.len())));
            assert_eq!(read_varint(&bytes[..bytes.len() - 1], 0), None, "truncated");
        }
        assert_eq!(read_varint(&[0xff; 11], 0), None, "endless");
    }

    #[test]
    fn an_entry_has_the_bytes_that_protoc_writes() {
        // onnx.ModelProto(metadata_props=[{key: "k", value: "v"}]).SerializeToString()
        assert_eq!(metadata_entry("k", b"v"), [0x72, 6, 0x0a, 1, b'k', 0x12, 1, b'v']);
        let long = metadata_entry("k", &[b'x'; 200]);
        assert_eq!(&long[..3], [0x72, 0xce, 0x01]);
        let field = fields(&long).next();
        let Some(Ok(Field { number: 14, start: 0, content: Some(content), end, .. })) = field else {
            panic!("{field:?}")
        };
        assert_eq!(end, long.len());
        assert_eq!(key_and_value(content), Ok((&b"k"[..], &[b'x'; 200][..])));
    }

    #[test]
    fn a_length_beyond_the_end_is_malformed_not_a_panic() {
        for bytes in
            [&[0x72, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1][..], &[0x72, 5, 1], &[0x01], &[0x00, 1]]
        {
            assert!(matches!(fields(bytes).last(), Some(Err(Malformed))), "{bytes:?}");
        }
    }

    #[test]
    fn a_tensor_in_another_file_is_found_in_a_branch_of_an_if() {
        let nest = |number, content: &[u8]| {
            let mut bytes = Vec::new();
            write_field(&mut bytes, number, content);
            bytes
        };
        let mut tensor = nest(8, b"weights");
        write_varint_field(&mut tensor, 14, 1);
        let model = |tensor: &[u8]| nest(7, &nest(1, &nest(5, &nest(6, &nest(5, tensor)))));
        let mut place = nest(1, b"location");
        place.extend(nest(2, b"weights.data"));
        tensor.extend(nest(13, &place));
        let found = External { tensor: "weights".to_owned(), location: "weights.data".to_owned() };
        assert_eq!(external_tensor(&model(&tensor)), Ok(Some(found)));
        assert_eq!(external_tensor(&model(&nest(8, b"weights"))), Ok(None));
        let deep = (0..200).fold(Vec::new(), |inner, _| nest(1, &nest(5, &nest(6, &inner))));
        assert_eq!(external_tensor(&nest(7, &deep)), Err(Malformed));
    }
}
