//! `sensor_msgs/Image` as RGB: the encodings of colour in sensor_msgs/image_encodings.hpp.

use super::refusal::shortened;
use super::{PictureRefusal, RgbPicture};
use crate::world::scene::MAX_SIDE_PX;
use planwright_ros2::messages::sensor_msgs::Image;

/// How colours lie in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// `channels` samples of 8 bit a pixel, of which `rgb` are red, green and blue.
    Bytes { channels: usize, rgb: [usize; 3] },
    /// The same of 16 bit.
    Words { channels: usize, rgb: [usize; 3] },
    /// Two pixels in four bytes: `luma` are the brightness of both, `chroma` their U and V.
    Yuv422 { luma: [usize; 2], chroma: [usize; 2] },
}

impl Layout {
    /// By the name in image_encodings.hpp. Without an order of colours (8UC3), it is OpenCV's: blue first.
    fn of(encoding: &str) -> Option<Self> {
        let (rgb, bgr) = ([0, 1, 2], [2, 1, 0]);
        Some(match encoding {
            "rgb8" => Self::Bytes { channels: 3, rgb },
            "rgba8" => Self::Bytes { channels: 4, rgb },
            "bgr8" | "8UC3" => Self::Bytes { channels: 3, rgb: bgr },
            "bgra8" | "8UC4" => Self::Bytes { channels: 4, rgb: bgr },
            "rgb16" => Self::Words { channels: 3, rgb },
            "rgba16" => Self::Words { channels: 4, rgb },
            "bgr16" => Self::Words { channels: 3, rgb: bgr },
            "bgra16" => Self::Words { channels: 4, rgb: bgr },
            "uyvy" | "yuv422" => Self::Yuv422 { luma: [1, 3], chroma: [0, 2] },
            "yuyv" | "yuv422_yuy2" => Self::Yuv422 { luma: [0, 2], chroma: [1, 3] },
            _ => return None,
        })
    }

    /// Bytes of a pixel.
    fn pixel_bytes(self) -> usize {
        match self {
            Self::Bytes { channels, .. } => channels,
            Self::Words { channels, .. } => 2 * channels,
            Self::Yuv422 { .. } => 2,
        }
    }

    /// Appends the pixels of a row, which has no padding.
    fn append(self, row: &[u8], is_bigendian: bool, out: &mut Vec<u8>) {
        match self {
            Self::Bytes { channels: 3, rgb: [0, 1, 2] } => out.extend_from_slice(row),
            Self::Bytes { channels, rgb } => {
                out.extend(row.chunks_exact(channels).flat_map(|pixel| rgb.map(|channel| pixel[channel])));
            }
            Self::Words { channels, rgb } => {
                let value = if is_bigendian { u16::from_be_bytes } else { u16::from_le_bytes };
                let colours =
                    |pixel: &[u8]| rgb.map(|channel| eight_bit(value([pixel[2 * channel], pixel[2 * channel + 1]])));
                out.extend(row.chunks_exact(2 * channels).flat_map(colours));
            }
            Self::Yuv422 { luma, chroma } => {
                for pair in row.chunks_exact(4) {
                    let [u, v] = chroma.map(|index| pair[index]);
                    luma.iter().for_each(|index| out.extend(rgb_of_yuv(pair[*index], u, v)));
                }
            }
        }
    }
}

/// The whole range of 16 bit to that of 8 bit, rounded.
fn eight_bit(value: u16) -> u8 {
    ((u32::from(value) * 255 + 32_767) / 65_535) as u8
}

/// ITU-R BT.601 with brightness in 16..=235 and colour in 16..=240, in OpenCV's fixed-point numbers
/// (cv::cvtColor, COLOR_YUV2RGB_UYVY), which cv_bridge takes.
fn rgb_of_yuv(y: u8, u: u8, v: u8) -> [u8; 3] {
    const SHIFT: u32 = 20;
    let light = (i32::from(y) - 16).max(0) * 1_220_542;
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let half = 1 << (SHIFT - 1);
    let sums = [1_673_527 * v, -852_492 * v - 409_993 * u, 2_116_026 * u];
    sums.map(|sum| ((light + sum + half) >> SHIFT).clamp(0, 255) as u8)
}

/// What to do about an encoding that is refused.
fn hint(encoding: &str) -> &'static str {
    if encoding.starts_with("bayer_") {
        "run image_proc's debayer node and subscribe its image_color"
    } else if matches!(encoding, "mono8" | "mono16" | "8UC1" | "8SC1") {
        "objects are distinguished by colour: subscribe the camera's colour picture"
    } else if matches!(encoding, "16UC1" | "16SC1" | "32FC1" | "64FC1") {
        "this is a depth picture: subscribe the camera's colour picture"
    } else {
        "set the camera driver's output encoding to rgb8 or bgr8"
    }
}

/// Refuses a picture without pixels and one too large.
pub(super) fn checked_size(got: [usize; 2]) -> Result<[usize; 2], PictureRefusal> {
    let within = got.iter().all(|side| (1..=MAX_SIDE_PX).contains(side));
    if within { Ok(got) } else { Err(PictureRefusal::Size { got }) }
}

/// What an image states about itself, once it holds together.
struct Checked {
    layout: Layout,
    size: [usize; 2],
    row_bytes: usize,
    step: usize,
}

fn checked(image: &Image) -> Result<Checked, PictureRefusal> {
    let Some(layout) = Layout::of(&image.encoding) else {
        let (got, hint) = (format!("'{}'", shortened(&image.encoding)), hint(&image.encoding));
        return Err(PictureRefusal::Encoding { got, hint });
    };
    let [width, height] = checked_size([image.width, image.height].map(|side| side as usize))?;
    if matches!(layout, Layout::Yuv422 { .. }) && width % 2 == 1 {
        return Err(PictureRefusal::OddWidth { encoding: image.encoding.clone(), got: width });
    }
    let (row_bytes, step) = (width * layout.pixel_bytes(), image.step as usize);
    if step < row_bytes {
        return Err(PictureRefusal::Stride { least: row_bytes, got: step });
    }
    // Saturated, it is more than any message has. The last row needs no padding.
    let least = step.saturating_mul(height - 1).saturating_add(row_bytes);
    if image.data.len() < least {
        return Err(PictureRefusal::Bytes { least, got: image.data.len() });
    }
    Ok(Checked { layout, size: [width, height], row_bytes, step })
}

/// Checks all that [`decode_image`] does, without decoding.
///
/// # Errors
/// As [`decode_image`].
pub fn check_image(image: &Image) -> Result<(), PictureRefusal> {
    checked(image).map(|_| ())
}

/// An uncompressed picture as RGB. Padding behind rows and bytes behind the last row are disregarded, as is opacity;
/// pictures of 16 bit take up their whole range.
///
/// Read are rgb8, bgr8, rgba8, bgra8, their forms of 16 bit, yuv422 (= uyvy), yuv422_yuy2 (= yuyv), and 8UC3 and 8UC4,
/// which OpenCV makes of pictures whose blue comes first, as bgr8 and bgra8.
///
/// # Errors
/// See [`PictureRefusal`]; nothing is allocated then.
pub fn decode_image(image: &Image) -> Result<RgbPicture, PictureRefusal> {
    let Checked { layout, size: [width, height], row_bytes, step } = checked(image)?;
    let mut rgb = Vec::with_capacity(3 * width * height);
    for row in image.data.chunks(step).take(height) {
        layout.append(&row[..row_bytes], image.is_bigendian != 0, &mut rgb);
    }
    Ok(RgbPicture { rgb, size: [width, height] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(encoding: &str, [width, height]: [u32; 2], step: u32, data: &[u8]) -> Image {
        let encoding = encoding.to_owned();
        Image { width, height, encoding, step, data: data.to_vec(), ..Image::default() }
    }

    fn rgb(image: &Image) -> Vec<u8> {
        decode_image(image).expect("a picture").rgb
    }

    #[test]
    fn every_order_of_bytes_gives_the_same_colours() {
        let expected = [1, 2, 3, 4, 5, 6];
        for (encoding, data) in [
            ("rgb8", vec![1, 2, 3, 4, 5, 6]),
            ("bgr8", vec![3, 2, 1, 6, 5, 4]),
            ("8UC3", vec![3, 2, 1, 6, 5, 4]),
            ("rgba8", vec![1, 2, 3, 9, 4, 5, 6, 9]),
            ("bgra8", vec![3, 2, 1, 9, 6, 5, 4, 9]),
            ("8UC4", vec![3, 2, 1, 9, 6, 5, 4, 9]),
        ] {
            let picture = decode_image(&image(encoding, [2, 1], data.len() as u32, &data)).expect("a picture");
            assert_eq!((picture.rgb.as_slice(), picture.size), (&expected[..], [2, 1]), "{encoding}");
        }
    }

    #[test]
    fn sixteen_bit_of_either_byte_order_scale_to_the_whole_range() {
        let little = [0xff, 0xff, 0x00, 0x80, 0x80, 0x00];
        let big = [0xff, 0xff, 0x80, 0x00, 0x00, 0x80];
        // 65535, 32768 and 128, over 257.
        assert_eq!(rgb(&image("rgb16", [1, 1], 6, &little)), [255, 128, 0]);
        assert_eq!(rgb(&image("bgr16", [1, 1], 6, &little)), [0, 128, 255]);
        assert_eq!(rgb(&Image { is_bigendian: 1, ..image("rgb16", [1, 1], 6, &big) }), [255, 128, 0]);
        assert_eq!(rgb(&Image { is_bigendian: 1, ..image("bgra16", [1, 1], 8, &[0; 8]) }), [0, 0, 0]);
    }

    /// Primary colours of BT.601 as Y, U and V; full red is 81, 90, 240.
    #[test]
    fn yuv_gives_the_primary_colours_in_both_orders() {
        let close = |got: &[u8], expected: [u8; 3]| {
            assert!(
                got.iter().zip(expected).all(|(got, expected)| got.abs_diff(expected) <= 2),
                "{got:?} {expected:?}"
            );
        };
        for (y, u, v, expected) in [
            (81, 90, 240, [255, 0, 0]),
            (145, 54, 34, [0, 255, 0]),
            (41, 240, 110, [0, 0, 255]),
            (235, 128, 128, [255, 255, 255]),
            (16, 128, 128, [0, 0, 0]),
        ] {
            for (encoding, data) in [
                ("yuv422", [u, 16, v, y]),
                ("uyvy", [u, 16, v, y]),
                ("yuv422_yuy2", [16, u, y, v]),
                ("yuyv", [16, u, y, v]),
            ] {
                close(&rgb(&image(encoding, [2, 1], 4, &data))[3..], expected);
            }
        }
        let pair = rgb(&image("yuyv", [2, 1], 4, &[16, 128, 235, 128]));
        assert_eq!(pair, [0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn padding_of_rows_and_bytes_at_the_end_are_left_out() {
        let padded = [1, 2, 3, 0, 0, 4, 5, 6, 0, 0];
        for length in 8..=10 {
            assert_eq!(rgb(&image("rgb8", [1, 2], 5, &padded[..length])), [1, 2, 3, 4, 5, 6]);
        }
        assert_eq!(rgb(&image("rgb8", [1, 1], 5, &padded)), [1, 2, 3]);
    }

    #[test]
    fn what_is_no_colour_picture_is_refused_by_name_with_a_hint() {
        for (encoding, hint) in [
            ("mono8", "colour picture"),
            ("mono16", "colour picture"),
            ("bayer_rggb8", "debayer"),
            ("bayer_gbrg16", "debayer"),
            ("16UC1", "depth"),
            ("32FC1", "depth"),
            ("nv21", "rgb8 or bgr8"),
            ("nv24", "rgb8 or bgr8"),
            ("", "rgb8 or bgr8"),
        ] {
            let refusal = decode_image(&image(encoding, [1, 1], 8, &[0; 8])).expect_err("no colour");
            let text = refusal.to_string();
            assert_eq!(refusal.name(), "picture_encoding");
            assert!(text.contains(&format!("got '{encoding}'\nhint: ")) && text.contains(hint), "{text}");
        }
        let long = decode_image(&image(&"x\n".repeat(9000), [1, 1], 8, &[0; 8])).expect_err("no encoding").to_string();
        assert!(long.len() < 400 && long.lines().count() == 2, "{long}");
    }

    #[test]
    fn sizes_and_lengths_that_do_not_fit_are_refused_by_name() {
        let name = |encoding: &str, size: [u32; 2], step: u32, bytes: usize| {
            decode_image(&image(encoding, size, step, &vec![0; bytes])).map_err(|refusal| refusal.name()).map(|_| ())
        };
        assert_eq!(name("rgb8", [2, 2], 6, 12), Ok(()));
        for size in [[0, 2], [2, 0], [8193, 1], [1, 8193], [u32::MAX, u32::MAX]] {
            assert_eq!(name("rgb8", size, u32::MAX, 12), Err("picture_size"), "{size:?}");
        }
        assert_eq!(name("uyvy", [3, 1], 8, 8), Err("picture_size"));
        assert_eq!(name("rgb8", [2, 2], 5, 12), Err("picture_stride"));
        assert_eq!(name("rgb16", [2, 2], 11, 24), Err("picture_stride"));
        assert_eq!(name("rgb8", [2, 2], 6, 11), Err("picture_bytes"));
        assert_eq!(name("rgb8", [8192, 8192], u32::MAX, 12), Err("picture_bytes"));
        assert_eq!(name("rgb8", [2, 2], 6, 0), Err("picture_bytes"));
    }

    proptest! {
        #[test]
        fn any_fields_give_a_refusal_or_three_bytes_a_pixel(
            width in 0_u32..40, height in 0_u32..40, step in prop_oneof![0_u32..400, Just(u32::MAX)], is_bigendian: u8,
            encoding in prop::sample::select(vec!["rgb8", "bgra8", "rgb16", "bgra16", "uyvy", "yuyv", "8UC3", "mono8"]),
            data in prop::collection::vec(any::<u8>(), 0..4000),
        ) {
            let image = Image { is_bigendian, ..image(encoding, [width, height], step, &data) };
            match decode_image(&image) {
                Ok(picture) => {
                    prop_assert_eq!(picture.size, [width as usize, height as usize]);
                    prop_assert_eq!(picture.rgb.len(), 3 * (width * height) as usize);
                }
                Err(refusal) => prop_assert!(refusal.to_string().contains("\nhint: "), "{refusal}"),
            }
        }
    }
}
