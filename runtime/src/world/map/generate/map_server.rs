//! Writing of generated maps as map_server reads them: YAML with a PGM beside it.

use super::{GeneratedMap, RESOLUTION_M};
use crate::files::write_atomically;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// map_server's grey values.
const OCCUPIED: u8 = 0;
const FREE: u8 = 254;

impl GeneratedMap {
    /// Writes the YAML file at `path` and its image beside it, under the same name with `.pgm`; returns the image's path.
    ///
    /// # Errors
    /// Those of the file system; a path without a name, or whose name is no text.
    pub fn write(&self, path: &Path) -> io::Result<PathBuf> {
        let image = path.with_extension("pgm");
        let named = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let name = named(&image).filter(|_| image != path).ok_or_else(|| {
            let problem = format!("expected the name of a YAML file, got {}", path.display());
            io::Error::new(io::ErrorKind::InvalidInput, problem)
        })?;
        write_atomically(&image, |file| {
            write!(file, "P5\n{} {}\n255\n", self.width, self.height)?;
            // The image's first row is the highest.
            for row in self.occupied.chunks(self.width).rev() {
                let greys: Vec<u8> = row.iter().map(|occupied| if *occupied { OCCUPIED } else { FREE }).collect();
                file.write_all(&greys)?;
            }
            Ok(())
        })?;
        write_atomically(path, |file| {
            writeln!(file, "image: {}", serde_json::Value::from(name))?;
            writeln!(file, "mode: trinary\nresolution: {RESOLUTION_M}\norigin: [0.0, 0.0, 0.0]")?;
            writeln!(file, "negate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.25")
        })?;
        Ok(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::map::generate::MapKind;

    #[test]
    fn the_image_has_the_highest_row_first() {
        let folder = tempfile::tempdir().unwrap();
        let map = GeneratedMap::draw(MapKind::Rooms, 3);
        let image = map.write(&folder.path().join("rooms.yaml")).unwrap();
        let bytes = std::fs::read(image).unwrap();
        let header = format!("P5\n{} {}\n255\n", map.width, map.height);
        assert!(bytes.starts_with(header.as_bytes()));
        let greys = &bytes[header.len()..];
        assert_eq!(greys.len(), map.occupied.len());
        for (index, occupied) in map.occupied.iter().enumerate() {
            let (row, column) = (index / map.width, index % map.width);
            let grey = greys[(map.height - 1 - row) * map.width + column];
            assert_eq!(grey == 0, *occupied);
        }
        let yaml = std::fs::read_to_string(folder.path().join("rooms.yaml")).unwrap();
        assert!(yaml.contains("image: \"rooms.pgm\"\n") && yaml.contains("resolution: 0.1\n"), "{yaml}");
        assert!(map.write(&folder.path().join("rooms.pgm")).is_err());
    }
}
