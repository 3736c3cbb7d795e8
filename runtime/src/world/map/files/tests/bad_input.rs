//! Broken files: each is refused with the file's name, its field, what belongs there and what is there.

use super::super::*;
use proptest::prelude::*;
use std::fs;
use tempfile::TempDir;

const YAML: &str =
    "image: map.pgm\nresolution: 0.05\norigin: [0, 0, 0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n";
const PGM: &[u8] = b"P5\n2 2\n255\n\x00\xfe\xcd\xff";

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

/// Values of the map that these two files are, row by row from below; what is wrong with them otherwise.
fn cells(yaml: &str, image: &[u8]) -> Result<Vec<i8>, FieldFault> {
    let metadata = MapMetadata::parse(yaml)?;
    Ok(metadata.occupancy(&MapImage::decode(image)?))
}

/// A PNG of these samples.
fn png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(&[0_u8, 0, 0, 255, 255, 255, 205, 205, 205][..]);
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).and_then(|()| writer.finish()).expect("written");
    bytes
}

/// Asserts that a map with this YAML file and image is refused in these words.
fn refused(yaml: &str, image: Option<&[u8]>, words: &[&str]) {
    let folder = folder(&[("m.yaml", yaml.as_bytes())]);
    if let Some(image) = image {
        fs::write(folder.path().join("map.pgm"), image).expect("written");
    }
    let error = open_map(&folder.path().join("m.yaml")).expect_err(yaml).to_string();
    let expected = ["m.yaml", "map.pgm"].iter().any(|name| error.contains(&format!("/{name}: ")));
    let (line, hints) = error.split_once("\nhint: ").unwrap_or((&error, ""));
    let is_clear =
        expected && line.contains("expected") && line.contains("got") && !format!("{line}{hints}").contains('\n');
    assert!(is_clear && words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
}

#[test]
fn fields_of_map_files_that_are_wrong_are_named() {
    let cases: [(&str, &str, &[&str]); 31] = [
        ("resolution: 0.05", "resolution: 0", &["resolution: expected more than 0", "got 0"]),
        ("resolution: 0.05", "resolution: -0.05", &["resolution:", "got -0.05"]),
        ("resolution: 0.05", "resolution: .nan", &["resolution:", "got NaN"]),
        ("resolution: 0.05", "resolution: .inf", &["resolution:", "got inf"]),
        ("resolution: 0.05", "resolution: 1e9", &["resolution:", "got 1e9"]),
        ("resolution: 0.05", "resolution: five", &["resolution: expected a number, got `five`"]),
        ("resolution: 0.05", "resolution:", &["resolution: expected a number, got nothing"]),
        ("resolution: 0.05\n", "", &["resolution: expected metres per cell, got no such key"]),
        ("[0, 0, 0]", "[0, 0]", &["origin: expected a list of x, y and yaw, got a list of 2"]),
        ("[0, 0, 0]", "0", &["origin:", "got `0`"]),
        ("[0, 0, 0]", "[0, 0, east]", &["origin: expected a number, got `east`"]),
        ("[0, 0, 0]", "[[0, 0, 0]]", &["origin:", "got a nested value"]),
        ("[0, 0, 0]", "[0, .nan, 0]", &["origin: expected finite numbers"]),
        ("[0, 0, 0]", "[1e30, 0, 0]", &["origin: expected an origin within 10000 km"]),
        ("negate: 0", "negate: 2", &["negate: expected 0 or 1, got `2`"]),
        ("negate: 0\n", "", &["negate:", "got no such key"]),
        ("occupied_thresh: 0.65", "occupied_thresh: 65", &["occupied_thresh: expected a share from 0 to 1, got 65"]),
        ("occupied_thresh: 0.65", "occupied_thresh: .nan", &["occupied_thresh:", "got NaN"]),
        ("free_thresh: 0.196", "free_thresh: -0.1", &["free_thresh:", "got -0.1"]),
        ("free_thresh: 0.196", "free_thresh: 0.9", &["free_thresh: expected at most occupied_thresh, 0.65, got 0.9"]),
        ("negate: 0", "negate: 0\nmode: binary", &["mode: expected trinary, scale or raw, got `binary`"]),
        ("negate: 0", "negate: 0\nmode: [trinary]", &["mode:", "got a list of 1"]),
        ("image: map.pgm", "image: none.pgm", &["image: expected a picture, got no file of that name", "relative"]),
        ("image: map.pgm", "image: .", &["image: expected a picture, got a folder"]),
        ("image: map.pgm", "image: ''", &["image: expected the name of a picture, got nothing"]),
        ("image: map.pgm", "image: {a: 1}", &["image:", "got a nested value"]),
        ("negate: 0", "negate: 0\nnegate: 1", &["negate: expected one value, got the key twice"]),
        ("image: map.pgm", "image: [map.pgm", &["YAML: expected a mapping", "syntax error in line"]),
        (YAML, "- image\n- resolution\n", &["YAML: expected a mapping of keys to values, got a list"]),
        (YAML, "map.pgm", &["YAML:", "got a text"]),
        (YAML, "", &["YAML:", "got an empty file"]),
    ];
    for (from, to, words) in cases {
        refused(&YAML.replace(from, to), Some(PGM), words);
    }
    refused(&format!("{YAML}---\n{YAML}"), Some(PGM), &["got several documents"]);
    refused(&format!("{YAML}#{}", " ".repeat(70_000)), Some(PGM), &["YAML:", "bytes of text"]);
    refused(YAML, None, &["image: expected a picture, got no file of that name"]);
}

#[test]
fn images_that_are_broken_or_absurd_are_refused_before_memory_is_taken() {
    let grey = |width: u32, height: u32| {
        png(width, height, png::ColorType::Grayscale, png::BitDepth::Eight, &vec![254; (width * height) as usize])
    };
    let whole = grey(40, 40);
    // A header of 4000 x 4000 pixels of 16 bit, with a checksum, before the data of a small picture.
    let mut absurd = png(1, 1, png::ColorType::Rgba, png::BitDepth::Sixteen, &[0; 8]);
    absurd[16..24].copy_from_slice(&[0, 0, 0x0f, 0xa0, 0, 0, 0x0f, 0xa0]);
    let checksum = png_checksum(&absurd[12..29]);
    absurd[29..33].copy_from_slice(&checksum.to_be_bytes());
    let cases: [(&[u8], &[&str]); 19] = [
        (b"", &["magic: expected a picture in PGM (P2, P5) or PNG, got an empty file"]),
        (b"P6\n1 1\n255\n\0\0\0", &["magic:", "got a coloured picture (PPM)"]),
        (b"P4\n1 1\n\0", &["magic:", "black-and-white"]),
        (b"BM......", &["magic:", "bitmap"]),
        (b"hello", &["magic:", "got `hell`"]),
        (b"P5\n2 2\n255\n\0\0\0", &["pixels: expected at least 4 bytes for 2 x 2 pixels, got 3 bytes", "cut off"]),
        (b"P5\n2 2\n65535\n\0\0\0\0", &["pixels: expected at least 8 bytes"]),
        (b"P5\n4000 4000\n255\n\0", &["pixels: expected at least 16000000 bytes"]),
        (b"P5\n4001 1\n255\n\0", &["size: expected a map of 1 x 1 to 4000 x 4000 cells, got 4001 x 1"]),
        (b"P5\n0 5\n255\n", &["size:", "got 0 x 5"]),
        (b"P5\n4294967295 4294967295\n255\n", &["size:", "got 4294967295 x 4294967295"]),
        (b"P2\n4294967295 4294967295\n255\n", &["size:"]),
        (b"P5\n99999999999 1\n255\n", &["width: expected a whole number in the header, got `99999999999`"]),
        (b"P5\n2", &["height:", "got the end of the file"]),
        (b"P5\n1 1\n0\n\0", &["maxval: expected 1 to 65535, got 0"]),
        (b"P5\n1 1\n100\n\xff", &["pixel 0: expected 0 to 100, the maxval, got 255"]),
        (b"P2\n2 1\n255\n7 x", &["pixel 1: expected a whole number, got `x`"]),
        (&whole[..whole.len() / 2], &["PNG: expected a whole picture, got"]),
        (&absurd, &["pixels: expected at least", "for 4000 x 4000 pixels"]),
    ];
    for (bytes, words) in cases {
        refused(YAML, Some(bytes), words);
    }
    refused(YAML, Some(&grey(4001, 1)), &["size:", "got 4001 x 1"]);
    refused(YAML, Some(b"P2\n2 2\n255\n0 300 1 1"), &["pixel 1: expected 0 to 255, the maxval, got 300"]);
}

/// The cyclic redundancy check of a chunk (ISO 3309).
fn png_checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

#[test]
fn every_kind_of_image_gives_the_same_cells() {
    use png::BitDepth::{Eight, One, Sixteen, Two};
    use png::ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
    // From the top: black, white; white, grey 205, which is unknown.
    let images: [Vec<u8>; 9] = [
        b"P5 2 2 255\n\x00\xff\xff\xcd".to_vec(),
        b"P2\n# from a drawing\n2 2 # columns, rows\n255\n0 255\n255\n205".to_vec(),
        b"P5\n2 2\n65535\n\x00\x00\xff\xff\xff\xff\xcd\xcd".to_vec(),
        b"P2 2 2 65535 0 65535 65535 52685".to_vec(),
        png(2, 2, Grayscale, Eight, &[0, 255, 255, 205]),
        png(2, 2, Grayscale, Sixteen, &[0, 0, 255, 255, 255, 255, 205, 205]),
        png(2, 2, Rgb, Eight, &[0, 0, 0, 255, 255, 255, 255, 255, 255, 205, 205, 205]),
        png(2, 2, Indexed, Eight, &[0, 1, 1, 2]),
        png(2, 2, Indexed, Two, &[0b0001_0000, 0b0110_0000]),
    ];
    for image in &images {
        assert_eq!(cells(YAML, image), Ok(vec![0, -1, 100, 0]), "{:?}", String::from_utf8_lossy(image));
    }
    assert_eq!(cells(YAML, &png(2, 2, Grayscale, One, &[0b0100_0000, 0b1000_0000])), Ok(vec![0, 100, 100, 0]));
    // Opaque grey of 205: (205 + 205 + 205 + 255) / 4 counts in trinary mode, as in map_server.
    let opaque = png(2, 2, GrayscaleAlpha, Eight, &[0, 255, 255, 255, 255, 255, 205, 255]);
    assert_eq!(cells(YAML, &opaque), Ok(vec![0, 0, 100, 0]));
    let scale = YAML.replace("negate: 0", "negate: 0\nmode: scale");
    let clear = png(2, 1, Rgba, Eight, &[255, 255, 255, 254, 128, 128, 128, 255]);
    // (127 / 255 - 0.196) / (0.65 - 0.196) = 0.665.
    assert_eq!(cells(&scale, &clear), Ok(vec![-1, 67]));
    let grey = b"P5 4 1 255\n\x00\x64\x65\xff";
    assert_eq!(cells(&YAML.replace("negate: 0", "negate: 0\nmode: raw"), grey), Ok(vec![0, 100, -1, -1]));
    assert_eq!(cells(&YAML.replace("negate: 0", "negate: true"), grey), Ok(vec![0, -1, -1, 100]));
    // The share of 205 is 50 / 255: a threshold of just that much is not undercut.
    let exact = YAML.replace("0.196", "0.196078431372549");
    assert_eq!(cells(&exact, b"P5 1 1 255\n\xcd"), Ok(vec![-1]));
}

#[test]
fn whole_numbers_and_foreign_keys_are_taken() {
    let yaml = "image: \"map.pgm\"\nresolution: 1\norigin:\n  - 1\n  - -2\n  - 0\nnegate: no\noccupied_thresh: 1\nfree_thresh: 0\ncost: {a: [1, 2]}\n? map_type\n: occupancy\n";
    let metadata = MapMetadata::parse(yaml).expect("a map");
    assert_eq!((metadata.resolution_m, metadata.origin, metadata.mode), (1.0, [1.0, -2.0, 0.0], MapMode::Trinary));
    assert_eq!(metadata.unknown_keys, ["cost", "map_type"]);
}

#[test]
fn scenarios_and_archives_that_are_wrong_are_named() {
    let map = b"type octile\nheight 2\nwidth 3\nmap\n..@\n.GT\n";
    let line = "0\tm.map\t3\t2\t0\t0\t1\t1\t1.41421356";
    let cases = [
        (
            format!("version 1\n{}", line.replace("3\t2", "9\t2")),
            "line 2: expected 3 x 2 cells, as the map has, got 9 x 2",
        ),
        (
            format!("version 1\n\n{}", line.replace("1\t1\t1.4", "1\t2\t1.4")),
            "line 3: expected cells within the map, got 1, 2",
        ),
        (
            format!("version 1\n{}", line.replace("1.41421356", "nan")),
            "line 2: expected the length of the shortest way",
        ),
        (format!("version 1\n{}", line.replace("0\t0", "a\t0")), "line 2: expected bucket, map"),
        ("version 1\n0 m.map 3 2".to_owned(), "line 2: expected bucket, map"),
        (line.to_owned(), "line 1: expected `version 1`"),
    ];
    for (scenarios, words) in cases {
        let folder = folder(&[("m.map", map), ("m.map.scen", scenarios.as_bytes())]);
        let error = open_map(&folder.path().join("m.map")).expect_err(words).to_string();
        assert!(error.contains("/m.map.scen: ") && error.contains(words), "{words}: {error}");
    }
    let good = folder(&[("m.map", map), ("m.scen", format!("version 1\n{line}\n").as_bytes())]);
    assert_eq!(open_map(&good.path().join("m.map")).expect("a map").queries.len(), 1);
    for (text, words) in
        [("type octile\nmap\n..", "expected `height N`"), ("type octile\nheight 1\nwidth 1\nmap\nx", "'x'")]
    {
        let folder = folder(&[("m.map", text.as_bytes())]);
        let error = open_map(&folder.path().join("m.map")).expect_err(words).to_string();
        assert!(error.contains("/m.map: ") && error.contains(words), "{error}");
    }
    let archive = |arrays: &[(&str, ndarray::ArrayD<f32>)]| {
        let mut bytes = Vec::new();
        let mut writer = ndarray_npy::NpzWriter::new(std::io::Cursor::new(&mut bytes));
        for (name, array) in arrays {
            writer.add_array(*name, array).expect("added");
        }
        writer.finish().expect("written");
        bytes
    };
    let array = |shape: &[usize], value: f32| ndarray::ArrayD::from_elem(shape, value);
    let (world, length) = (("world_000", array(&[3, 2], 1.0)), ("path_length_000", array(&[], 12.0)));
    let far = ("world_000", array(&[1, 2], 1e30));
    let nan = ("world_000", array(&[1, 2], f32::NAN));
    let grids =
        [("free", array(&[2, 32, 32], 1.0)), ("goal", array(&[2, 2], 40.0)), ("distance", array(&[2, 32, 32], 0.0))];
    let cases = [
        ("barn_a.npz", b"PK nothing".to_vec(), "archive: expected NumPy arrays (.npz)"),
        ("barn_a.npz", archive(std::slice::from_ref(&length)), "world_NNN: expected at least one array of cylinders"),
        (
            "barn_a.npz",
            archive(std::slice::from_ref(&world)),
            "path_length_000: expected an array of numbers, got no array",
        ),
        ("barn_a.npz", archive(&[("world_000", array(&[3, 3], 1.0)), length.clone()]), "shape [n, 2], got [3, 3]"),
        ("barn_a.npz", archive(&[nan, length.clone()]), "world_000: expected finite metres"),
        ("barn_a.npz", archive(&[far, length.clone()]), "world_000: expected a map of 1 x 1 to 4000 x 4000 cells"),
        ("grid32_a.npz", archive(&[world, length]), "free: expected an array of numbers, got no array of that name"),
        ("grid32_a.npz", archive(&grids[..2]), "distance: expected an array of numbers, got no array"),
        ("grid32_a.npz", archive(&grids), "goal: expected row and column below 32, got 40, 40 of map 0"),
    ];
    for (name, bytes, words) in cases {
        let folder = folder(&[(name, &bytes)]);
        let kind = if name.starts_with("barn") { MapSetKind::Barn } else { MapSetKind::Grid32 };
        let error = open_map_set(folder.path(), kind, 1, 0).expect_err(words).to_string();
        assert!(error.contains(&format!("/{name}: ")) && error.contains(words), "{words}: {error}");
    }
    let error = open_map_set(good.path(), MapSetKind::Barn, 1, 0).expect_err("none there").to_string();
    assert!(error.ends_with("expected a folder with files barn_*.npz, got none"), "{error}");
    assert!(open_map_set(&good.path().join("m.map"), MapSetKind::Nav2, 1, 0).is_err());
    for (name, words) in
        [("map.png", "YAML file beside it"), ("a.scen", ".map file"), ("a.npz", "as a set"), ("no", "nor a")]
    {
        let error = open_map(Path::new(name)).map(|file| file.map).expect_err(name).to_string();
        assert!(error.contains("expected") && (error.contains(words) || name == "no"), "{error}");
    }
}

/// An archive with one member of these bytes.
fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file(name, options).and_then(|()| Ok(writer.write_all(bytes)?)).expect("written");
    writer.finish().expect("written").into_inner()
}

#[test]
fn arrays_with_absurd_or_damaged_headers_are_refused() {
    let npy = |header: &str, data: &[u8]| {
        let length = (header.len() as u16).to_le_bytes();
        [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), data].concat()
    };
    let whole = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
    let cases = [
        (npy(whole, &[0; 4]), "got 1 values for a shape of (1, 2)"),
        (npy(&whole.replace("(1, 2)", "(99999999999, 99999999999)"), &[0; 8]), "got 2 values for a shape of (9999"),
        (npy(&whole.replace("(1, 2)", "(-1, 2)"), &[0; 8]), "got a damaged header"),
        (npy(&whole.replace("False", "True"), &[0; 8]), "got columns first"),
        (npy(&whole.replace("<f4", ">f4"), &[0; 8]), "got values of the kind `>f4`"),
        (npy(&whole.replace("<f4", "|O"), &[0; 8]), "got values of the kind `|O`"),
        (b"\x93NUMPY\x01\x00\xff\xff{".to_vec(), "got a damaged header"),
        (b"NUMPY".to_vec(), "got bytes without NumPy's magic"),
        (vec![0; 17 << 20], "got more than 16777216 bytes"),
    ];
    for (bytes, words) in cases {
        let error = ArrayFile::new(zipped("a.npy", &bytes)).and_then(|mut file| file.array("a")).expect_err(words);
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
    let read = ArrayFile::new(zipped("a.npy", &npy(whole, &[0, 0, 128, 63, 0, 0, 0, 64])))
        .and_then(|mut file| file.array("a"));
    assert_eq!(read, Ok(Array { shape: vec![1, 2], values: vec![1.0, 2.0] }));
}

/// Every reader on some bytes: an error or a value, never a panic.
fn read_all(bytes: &[u8]) {
    let image = MapImage::decode(bytes);
    let text = String::from_utf8_lossy(bytes);
    if let (Ok(metadata), Ok(image)) = (MapMetadata::parse(&text), &image) {
        let _ = metadata.occupancy(image);
    }
    if let (Ok(image), Ok(metadata)) = (image, MapMetadata::parse(YAML)) {
        assert_eq!(metadata.occupancy(&image).len(), image.width * image.height);
    }
    let small = movingai_map("small", "type octile\nheight 2\nwidth 2\nmap\n..\n..").expect("a map");
    let _ = (movingai_map("any", &text), movingai_scenarios(&text, &small));
    for archive in [bytes.to_vec(), zipped("a.npy", bytes)] {
        if let Ok(mut archive) = ArrayFile::new(archive) {
            for name in archive.names() {
                let _ = archive.array(&name);
            }
        }
    }
}

/// An example of each form with one part replaced.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let examples: Vec<Vec<u8>> = vec![
        YAML.as_bytes().to_vec(),
        PGM.to_vec(),
        b"P2\n# c\n2 2\n255\n0 255\n255 205".to_vec(),
        png(3, 2, png::ColorType::Rgba, png::BitDepth::Eight, &[200; 24]),
        b"type octile\nheight 2\nwidth 3\nmap\n..@\n.GT\n".to_vec(),
        b"version 1\n0\tm.map\t2\t2\t0\t0\t1\t1\t1.41421356\n".to_vec(),
        zipped("a.npy", b"\x93NUMPY\x01\x00\x3c\x00{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }\n"),
        b"\x93NUMPY\x01\x00\x3c\x00{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }\n".to_vec(),
    ];
    let part = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        "[0-9.,:\\[\\]{}#\n -]{0,12}".prop_map(String::into_bytes),
    ];
    (prop::sample::select(examples), any::<prop::sample::Index>(), 0..6_usize, part).prop_map(
        |(mut bytes, at, length, part)| {
            let from = at.index(bytes.len());
            let to = (from + length).min(bytes.len());
            bytes.splice(from..to, part);
            bytes
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn no_damaged_file_makes_a_reader_panic(bytes in mutated()) {
        read_all(&bytes);
    }
}
