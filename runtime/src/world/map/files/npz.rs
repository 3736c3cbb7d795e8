//! NumPy archives (`.npz`): arrays by name, with every size checked against the bytes that are there.

use super::FieldFault;
use super::yaml::shortened;
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// Largest array, bytes.
const MAX_ARRAY_BYTES: u64 = 16 << 20;
/// Longest description of an array.
const MAX_HEADER_BYTES: usize = 4096;

/// An open archive.
#[derive(Debug)]
pub struct ArrayFile(ZipArchive<Cursor<Vec<u8>>>);

/// An array of numbers in row order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its sides; none for a single number.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f64>,
}

impl ArrayFile {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    /// If the bytes are no zip archive.
    pub fn new(bytes: Vec<u8>) -> Result<Self, FieldFault> {
        let archive = ZipArchive::new(Cursor::new(bytes));
        archive.map(Self).map_err(|error| {
            FieldFault::new("archive", "NumPy arrays (.npz)", shortened(&error.to_string()))
                .hint("`numpy.savez` writes one")
        })
    }

    /// Names of its arrays, in the order of the alphabet.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.0.file_names().filter_map(|name| name.strip_suffix(".npy")).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// An array by its name.
    ///
    /// # Errors
    /// If there is none, or it is damaged, too large or none of real numbers.
    pub fn array(&mut self, name: &str) -> Result<Array, FieldFault> {
        let wrong = |got: String| FieldFault::new(name, "an array of numbers", got);
        let mut member = match self.0.by_name(&format!("{name}.npy")) {
            Ok(member) => member,
            Err(zip::result::ZipError::FileNotFound) => return Err(wrong("no array of that name".to_owned())),
            Err(error) => return Err(wrong(shortened(&error.to_string()))),
        };
        let mut bytes = Vec::new();
        let read = member.by_ref().take(MAX_ARRAY_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| wrong(shortened(&error.to_string())))?;
        if bytes.len() as u64 > MAX_ARRAY_BYTES {
            return Err(wrong(format!("more than {MAX_ARRAY_BYTES} bytes")));
        }
        Array::from_npy(&bytes).map_err(wrong)
    }

    /// An array whose shape is known; `None` stands for any side.
    pub(super) fn shaped(&mut self, name: &str, shape: &[Option<usize>]) -> Result<Array, FieldFault> {
        let array = self.array(name)?;
        let is_same = array.shape.len() == shape.len()
            && array.shape.iter().zip(shape).all(|(got, expected)| expected.is_none_or(|expected| *got == expected));
        if is_same {
            return Ok(array);
        }
        let side = |side: &Option<usize>| side.map_or_else(|| "n".to_owned(), |side| side.to_string());
        let expected: Vec<String> = shape.iter().map(side).collect();
        Err(FieldFault::new(name, format!("shape [{}]", expected.join(", ")), format!("{:?}", array.shape)))
    }
}

impl Array {
    /// Of the bytes of an `.npy` file.
    fn from_npy(bytes: &[u8]) -> Result<Self, String> {
        let [0x93, b'N', b'U', b'M', b'P', b'Y', version, _, rest @ ..] = bytes else {
            return Err("bytes without NumPy's magic".to_owned());
        };
        let damaged = || "a damaged header".to_owned();
        let (length, rest) = match (version, rest) {
            (1, [low, high, rest @ ..]) => (usize::from(u16::from_le_bytes([*low, *high])), rest),
            (2 | 3, [a, b, c, d, rest @ ..]) => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
            _ => return Err(damaged()),
        };
        let header = rest.get(..length).filter(|header| header.len() <= MAX_HEADER_BYTES).ok_or_else(damaged)?;
        let header = std::str::from_utf8(header).map_err(|_| damaged())?;
        let entry = |key: &str| header.split_once(key)?.1.trim_start().strip_prefix(':').map(str::trim_start);
        let kind = entry("'descr'").and_then(|rest| rest.strip_prefix('\'')?.split_once('\'')).ok_or_else(damaged)?.0;
        let shape = entry("'shape'").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or_else(damaged)?.0;
        let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
        let shape: Vec<usize> = sides.map(str::parse).collect::<Result<_, _>>().map_err(|_| damaged())?;
        if entry("'fortran_order'").is_none_or(|rest| !rest.starts_with("False")) && shape.len() > 1 {
            return Err("columns first (Fortran order)".to_owned());
        }
        let data = &rest[length..];
        let count = shape.iter().try_fold(1_usize, |count, side| count.checked_mul(*side));
        let values: Vec<f64> = match kind {
            "|u1" | "|b1" => data.iter().map(|byte| f64::from(*byte)).collect(),
            "|i1" => data.iter().map(|byte| f64::from(byte.cast_signed())).collect(),
            "<i2" => numbers(data, |bytes| i16::from_le_bytes(bytes).into()),
            "<u2" => numbers(data, |bytes| u16::from_le_bytes(bytes).into()),
            "<i4" => numbers(data, |bytes| i32::from_le_bytes(bytes).into()),
            "<u4" => numbers(data, |bytes| u32::from_le_bytes(bytes).into()),
            "<i8" => numbers(data, |bytes| i64::from_le_bytes(bytes) as f64),
            "<f4" => numbers(data, |bytes| f32::from_le_bytes(bytes).into()),
            "<f8" => numbers(data, f64::from_le_bytes),
            _ => return Err(format!("values of the kind `{}`", shortened(kind))),
        };
        if count != Some(values.len()) {
            return Err(format!(
                "{} values for a shape of ({})",
                values.len(),
                shortened(header_shape(&shape).as_str())
            ));
        }
        Ok(Self { shape, values })
    }
}

fn header_shape(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

fn numbers<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}
