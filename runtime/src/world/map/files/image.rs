//! Images of maps: PGM (P2, P5) and PNG, 8 and 16 bit, as samples per pixel.

use super::super::grid::{GridError, MAX_SIDE_CELLS};
use super::FieldFault;
use super::yaml::shortened;
use std::io::Cursor;

/// Most bytes that a deflated byte can stand for.
const MAX_DEFLATE_RATIO: usize = 1032;

/// An image as it lies in its file: row 0 is the top.
#[derive(Clone, Debug, PartialEq)]
pub struct MapImage {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Samples of colour per pixel: 1 or 3.
    colours: usize,
    has_alpha: bool,
    /// The sample of white.
    white: u32,
    /// One byte for each sample, or two with the high one first.
    samples: Vec<u8>,
}

/// A pixel as map_server sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pixel {
    /// Sum over red, green and blue.
    pub(super) sum: u32,
    /// Opacity, where the image has any.
    pub(super) alpha: Option<u32>,
    /// The sample of white.
    pub(super) white: u32,
}

impl MapImage {
    /// Of the bytes of a file; its kind is known by its first bytes.
    ///
    /// # Errors
    /// If they are no PGM or PNG, are cut off, or hold more than 4000 x 4000 pixels. Sizes are compared with the length
    /// before memory is taken.
    pub fn decode(bytes: &[u8]) -> Result<Self, FieldFault> {
        match bytes {
            [b'P', b'2' | b'5', next, ..] if next.is_ascii_whitespace() || *next == b'#' => pgm(bytes),
            [0x89, b'P', b'N', b'G', ..] => png(bytes),
            _ => {
                let got = match bytes {
                    [] => "an empty file".to_owned(),
                    [b'P', b'1' | b'4', ..] => "a black-and-white picture (PBM)".to_owned(),
                    [b'P', b'3' | b'6', ..] => "a coloured picture (PPM)".to_owned(),
                    [b'B', b'M', ..] => "a bitmap (BMP)".to_owned(),
                    [0xff, 0xd8, ..] => "a photograph (JPEG)".to_owned(),
                    [b'G', b'I', b'F', ..] => "a picture (GIF)".to_owned(),
                    _ if bytes.starts_with(b"version https://git-lfs") => {
                        "a git-lfs pointer instead of the file".to_owned()
                    }
                    _ => format!("`{}`", shortened(&bytes[..bytes.len().min(4)].escape_ascii().to_string())),
                };
                Err(FieldFault::new("magic", "a picture in PGM (P2, P5) or PNG", got)
                    .hint("convert it, for example with `convert map.bmp map.pgm`"))
            }
        }
    }

    /// A pixel; its index is `row * width + column`, with row 0 at the top.
    pub(super) fn pixel(&self, index: usize) -> Pixel {
        let channels = self.colours + usize::from(self.has_alpha);
        let sample = |channel: usize| {
            let at = index * channels + channel;
            if self.white > 255 {
                u32::from(self.samples[2 * at]) << 8 | u32::from(self.samples[2 * at + 1])
            } else {
                u32::from(self.samples[at])
            }
        };
        let sum = if self.colours == 1 { 3 * sample(0) } else { (0..3).map(sample).sum() };
        Pixel { sum, alpha: self.has_alpha.then(|| sample(self.colours)), white: self.white }
    }
}

/// Refuses sizes that are no map's, and those that the file cannot hold.
fn check_size(width: usize, height: usize, needed: Option<usize>, length: usize) -> Result<(), FieldFault> {
    let side = 1..=MAX_SIDE_CELLS;
    if !side.contains(&width) || !side.contains(&height) {
        return Err(FieldFault::Grid { field: "size".to_owned(), source: GridError::Size { width, height } });
    }
    match needed {
        Some(needed) if needed > length => Err(FieldFault::new(
            "pixels",
            format!("at least {needed} bytes for {width} x {height} pixels"),
            format!("{length} bytes"),
        )
        .hint("the file is cut off: copy it again")),
        _ => Ok(()),
    }
}

/// Netpbm's grey maps.
fn pgm(bytes: &[u8]) -> Result<MapImage, FieldFault> {
    let is_text = bytes[1] == b'2';
    let mut words = Words { bytes, at: 2 };
    let mut header = |field: &str| {
        let number = words.number().map_err(|got| FieldFault::new(field, "a whole number in the header", got))?;
        Ok(number as usize)
    };
    let (width, height, white) = (header("width")?, header("height")?, header("maxval")?);
    if !(1..=65_535).contains(&white) {
        return Err(FieldFault::new("maxval", "1 to 65535", white.to_string()));
    }
    let bytes_each = if white > 255 { 2 } else { 1 };
    // One white space parts header and pixels.
    let rest = bytes.get(words.at + 1..).unwrap_or_default();
    let count = width.saturating_mul(height);
    // A number as text takes two bytes with its separator, the last one but one.
    let needed = if is_text { count.saturating_mul(2).saturating_sub(1) } else { count.saturating_mul(bytes_each) };
    check_size(width, height, Some(needed), rest.len())?;
    let mut samples = Vec::with_capacity(count * bytes_each);
    if is_text {
        for index in 0..count {
            let value =
                words.number().map_err(|got| FieldFault::new(format!("pixel {index}"), "a whole number", got))?;
            let high = (value >> 8).min(255) as u8;
            samples.extend_from_slice(&[high, value as u8][2 - bytes_each..]);
            if value as usize > white {
                let expected = format!("0 to {white}, the maxval");
                return Err(FieldFault::new(format!("pixel {index}"), expected, value.to_string()));
            }
        }
    } else {
        samples.extend_from_slice(&rest[..needed]);
    }
    let image = MapImage { width, height, colours: 1, has_alpha: false, white: white as u32, samples };
    let above = (0..count).find(|index| image.pixel(*index).sum > 3 * image.white);
    match above {
        Some(index) => {
            let got = (image.pixel(index).sum / 3).to_string();
            Err(FieldFault::new(format!("pixel {index}"), format!("0 to {white}, the maxval"), got))
        }
        None => Ok(image),
    }
}

/// Numbers of a Netpbm file, with comments between them.
struct Words<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Words<'_> {
    /// The next number; what stands there instead otherwise.
    fn number(&mut self) -> Result<u32, String> {
        while let Some(byte) = self.bytes.get(self.at) {
            if *byte == b'#' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
            } else if byte.is_ascii_whitespace() {
                self.at += 1;
            } else {
                break;
            }
        }
        let rest = &self.bytes[self.at..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
        match text.parse() {
            Ok(number) => {
                self.at += digits;
                Ok(number)
            }
            Err(_) if rest.is_empty() => Err("the end of the file".to_owned()),
            Err(_) => {
                let word = rest.iter().take(12).take_while(|byte| !byte.is_ascii_whitespace()).count();
                Err(format!("`{}`", rest[..word].escape_ascii()))
            }
        }
    }
}

/// Portable network graphics: any colour type, opened to 8 or 16 bit.
fn png(bytes: &[u8]) -> Result<MapImage, FieldFault> {
    let broken = |error: png::DecodingError| {
        FieldFault::new("PNG", "a whole picture", shortened(&error.to_string()))
            .hint("the file is damaged or cut off: copy it again")
    };
    let limits = png::Limits { bytes: 64 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let info = decoder.read_header_info().map_err(broken)?;
    let (width, height) = (info.width as usize, info.height as usize);
    let bits = info.bits_per_pixel();
    check_size(width, height, None, 0)?;
    let raw = (width * bits).div_ceil(8) * height;
    check_size(width, height, Some(raw / MAX_DEFLATE_RATIO), bytes.len())?;
    let mut reader = decoder.read_info().map_err(broken)?;
    let (color, depth) = reader.output_color_type();
    let (colours, has_alpha) = match color {
        png::ColorType::Grayscale => (1, false),
        png::ColorType::GrayscaleAlpha => (1, true),
        png::ColorType::Rgba => (3, true),
        png::ColorType::Rgb | png::ColorType::Indexed => (3, false),
    };
    let (white, bytes_each) = if depth == png::BitDepth::Sixteen { (65_535, 2) } else { (255, 1) };
    let length = width * height * (colours + usize::from(has_alpha)) * bytes_each;
    let size = reader.output_buffer_size().filter(|size| *size == length);
    let size = size.ok_or_else(|| FieldFault::new("PNG", format!("{length} bytes of samples"), "another number"))?;
    let mut samples = vec![0; size];
    reader.next_frame(&mut samples).map_err(broken)?;
    Ok(MapImage { width, height, colours, has_alpha, white, samples })
}
