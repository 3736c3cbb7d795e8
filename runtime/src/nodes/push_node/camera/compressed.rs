//! `sensor_msgs/CompressedImage` as RGB: PNG and JPEG, told apart by their first bytes.

use super::encoding::checked_size;
use super::refusal::shortened;
use super::{PictureRefusal, RgbPicture};
use crate::world::scene::{MAX_SIDE_PX, Picture};
use planwright_ros2::messages::sensor_msgs::CompressedImage;
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Most bytes of a compressed picture, 64 MiB.
pub const MAX_ENCODED_BYTES: usize = 64 << 20;
/// Scans of a progressive JPEG; encoders make about 10, and each costs as much as the whole picture.
const MAX_SCANS: usize = 32;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";

/// Checks what is known without decoding: its length, its format by the first bytes.
///
/// # Errors
/// As [`decode_compressed`].
pub fn check_compressed(image: &CompressedImage) -> Result<(), PictureRefusal> {
    let data = image.data.as_slice();
    if data.len() > MAX_ENCODED_BYTES {
        return Err(PictureRefusal::EncodedBytes { most: MAX_ENCODED_BYTES, got: data.len() });
    }
    if image.format.contains("compressedDepth") {
        let got = format!("'{}'", shortened(&image.format));
        return Err(PictureRefusal::Encoding {
            got,
            hint: "subscribe the camera's colour picture, topic .../compressed",
        });
    }
    if data.starts_with(PNG) || data.starts_with(JPEG) {
        return Ok(());
    }
    let first = &data[..data.len().min(8)];
    let got = format!("{} bytes {first:02x?} of format '{}'", data.len(), shortened(&image.format));
    Err(PictureRefusal::Format { got })
}

/// A compressed picture as RGB. The bytes decide whether it is a PNG or a JPEG; the message's `format` is that of
/// compressed_image_transport ("rgb8; jpeg compressed bgr8"), "jpeg", "png" or empty, and written by drivers as they like.
/// The colours of a PNG or JPEG are red, green, blue, whatever `format` names.
///
/// # Errors
/// See [`PictureRefusal`]; size and colours are checked before pixels are decoded. A JPEG that ends early is refused: its
/// missing part would be grey.
pub fn decode_compressed(image: &CompressedImage) -> Result<RgbPicture, PictureRefusal> {
    check_compressed(image)?;
    if image.data.starts_with(PNG) { png(&image.data) } else { jpeg(&image.data) }
}

fn grey(format: &str) -> PictureRefusal {
    let hint = "objects are distinguished by colour: subscribe the camera's colour picture";
    PictureRefusal::Encoding { got: format!("a grey {format}"), hint }
}

fn png(data: &[u8]) -> Result<RgbPicture, PictureRefusal> {
    let broken = |got: String| PictureRefusal::Decode { format: "PNG", got: shortened(&got) };
    let header = png::Decoder::new(Cursor::new(data)).read_info().map_err(|error| broken(error.to_string()))?;
    checked_size([header.info().width, header.info().height].map(|side| side as usize))?;
    if matches!(header.info().color_type, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha) {
        return Err(grey("PNG"));
    }
    let Picture { width, height, rgb, .. } = Picture::read_png(data).map_err(|error| broken(error.to_string()))?;
    whole(rgb, [width, height]).map_err(broken)
}

fn jpeg(data: &[u8]) -> Result<RgbPicture, PictureRefusal> {
    let broken = |got: String| PictureRefusal::Decode { format: "JPEG", got: shortened(&got) };
    // The decoder's own limit of sides names no size. It is higher, so that the size is known and refused below.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(data), options);
    decoder.decode_headers().map_err(|error| broken(error.to_string()))?;
    let info = decoder.info().ok_or_else(|| broken("no frame header".to_owned()))?;
    let size = checked_size([info.width, info.height].map(usize::from))?;
    match info.components {
        1 => return Err(grey("JPEG")),
        3 => {}
        components => return Err(broken(format!("{components} components, not the 3 of a camera's picture"))),
    }
    let rgb = decoder.decode().map_err(|error| broken(error.to_string()))?;
    whole(rgb, size).map_err(broken)
}

/// A decoder's output, which must be what its header promised.
fn whole(rgb: Vec<u8>, size: [usize; 2]) -> Result<RgbPicture, String> {
    debug_assert!(size.iter().all(|side| *side <= MAX_SIDE_PX));
    let expected = 3 * size[0] * size[1];
    if rgb.len() == expected {
        Ok(RgbPicture { rgb, size })
    } else {
        Err(format!("{} bytes of RGB, not {expected}", rgb.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 16 x 8 px, left half red, right half blue.
    const COLOUR: &[u8] = include_bytes!("../../../../../tests/data/camera_colour.jpg");
    const PROGRESSIVE: &[u8] = include_bytes!("../../../../../tests/data/camera_colour_progressive.jpg");
    const GREY: &[u8] = include_bytes!("../../../../../tests/data/camera_grey.jpg");

    fn decoded(format: &str, data: &[u8]) -> Result<RgbPicture, PictureRefusal> {
        let format = format.to_owned();
        decode_compressed(&CompressedImage { format, data: data.to_vec(), ..CompressedImage::default() })
    }

    fn colour_png() -> Vec<u8> {
        let picture = Picture { width: 2, height: 1, rgb: vec![9, 8, 7, 200, 100, 50], ids: Vec::new() };
        let mut png = Vec::new();
        picture.write_png(&mut png, 1).expect("a PNG");
        png
    }

    fn other_png(color: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(samples).expect("pixels");
        writer.finish().expect("a PNG");
        bytes
    }

    /// A JPEG's start of frame with another size.
    fn resized(jpeg: &[u8], [width, height]: [u16; 2]) -> Vec<u8> {
        let mut jpeg = jpeg.to_vec();
        let at = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a baseline frame");
        jpeg[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        jpeg
    }

    #[test]
    fn the_bytes_and_not_the_format_decide() {
        for format in ["rgb8; jpeg compressed bgr8", "bgr8; png compressed bgr8", "jpeg", "png", "", "any"] {
            let png = decoded(format, &colour_png()).expect(format);
            assert_eq!(png, RgbPicture { rgb: vec![9, 8, 7, 200, 100, 50], size: [2, 1] });
            for jpeg in [COLOUR, PROGRESSIVE] {
                let picture = decoded(format, jpeg).expect(format);
                assert_eq!(picture.size, [16, 8]);
                let at = |u: usize, v: usize| &picture.rgb[3 * (16 * v + u)..][..3];
                // As libjpeg decodes the same file.
                for (got, expected) in [(at(2, 2), [224, 26, 39]), (at(13, 5), [16, 61, 212])] {
                    assert!(got.iter().zip(expected).all(|(got, expected)| got.abs_diff(expected) <= 8), "{got:?}");
                }
            }
        }
        let deep = other_png(png::ColorType::Rgb, png::BitDepth::Sixteen, &[200, 0, 100, 0, 50, 0]);
        assert_eq!(decoded("rgb16; png compressed rgb16", &deep).expect("a picture").rgb, [200, 100, 50]);
    }

    #[test]
    fn grey_pictures_and_depth_are_refused_as_such() {
        let grey = other_png(png::ColorType::Grayscale, png::BitDepth::Sixteen, &[1, 2]);
        for (format, data) in [("16UC1; png compressed ", &grey[..]), ("mono8; jpeg compressed ", GREY)] {
            let refusal = decoded(format, data).expect_err("grey");
            assert_eq!(refusal.name(), "picture_encoding");
            assert!(refusal.to_string().contains("a grey"), "{refusal}");
        }
        let depth = decoded("16UC1; compressedDepth png", &colour_png()).expect_err("depth");
        assert!(depth.to_string().contains("compressedDepth") && depth.name() == "picture_encoding", "{depth}");
    }

    #[test]
    fn other_formats_are_named_by_their_bytes() {
        for data in [&b"II*\0abcd"[..], b"RIFF", b"\xff\xd8", b""] {
            let refusal = decoded("rgb8; tiff compressed", data).expect_err("no PNG or JPEG");
            assert_eq!(refusal.name(), "picture_format");
            assert!(refusal.to_string().contains("tiff"), "{refusal}");
        }
    }

    #[test]
    fn too_large_pictures_are_refused_by_their_header() {
        for size in [[8193, 8], [16, 8193], [u16::MAX, u16::MAX]] {
            let refusal = decoded("jpeg", &resized(COLOUR, size)).expect_err("too large");
            assert_eq!(refusal, PictureRefusal::Size { got: size.map(usize::from) });
        }
        let mut png = colour_png();
        png[16..20].copy_from_slice(&8193_u32.to_be_bytes());
        assert!(matches!(decoded("png", &png), Err(PictureRefusal::Decode { .. })), "its checksum is wrong, too");
        let row = vec![0; 3 * 8193];
        let picture = Picture { width: 8193, height: 1, rgb: row, ids: Vec::new() };
        let mut wide = Vec::new();
        picture.write_png(&mut wide, 1).expect("a PNG");
        assert_eq!(decoded("png", &wide), Err(PictureRefusal::Size { got: [8193, 1] }));
        let many = decoded("jpeg", &vec![0xff; MAX_ENCODED_BYTES + 1]).expect_err("too many bytes");
        assert_eq!(many.name(), "picture_bytes");
    }

    #[test]
    fn a_picture_that_is_cut_off_is_refused() {
        for (name, whole) in [("PNG", colour_png()), ("JPEG", COLOUR.to_vec()), ("JPEG", PROGRESSIVE.to_vec())] {
            for kept in [whole.len() / 3, whole.len() / 2, whole.len() - 20] {
                let refusal = decoded("", &whole[..kept]).expect_err("cut off");
                assert!(matches!(refusal, PictureRefusal::Decode { format, .. } if format == name), "{refusal}");
            }
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_give_a_refusal_or_three_bytes_a_pixel(
            which in 0_usize..3, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut data = vec![colour_png(), COLOUR.to_vec(), PROGRESSIVE.to_vec()].swap_remove(which);
            for (index, value) in changes {
                *index.get_mut(&mut data) = value;
            }
            if let Ok(picture) = decoded("", &data) {
                prop_assert_eq!(picture.rgb.len(), 3 * picture.size[0] * picture.size[1]);
            }
        }
    }
}
