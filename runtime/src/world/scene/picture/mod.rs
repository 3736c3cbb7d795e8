//! Pictures of a scene: ray casting of balls, boxes, cylinders and the table, with soft shadows and patterns.
//!
//! Lambert's law with one lamp and ambient light, in linear light; a highlight by Blinn and Phong. Every body is cast
//! in the part of the picture that its bounding ball covers, and a point's shadow rays are cast only at bodies whose
//! bounding ball its cone of light meets.

mod light;
mod shape;
mod texture;

pub use light::Light;

use super::body::Body;
use super::camera::Camera;
use super::vector::{Matrix3, Vector3, add, cross, dot, norm, scaled, sub, times, times_transposed};
use super::{MAX_SIDE_PX, Scene, Table};
use light::SHADOW_RAYS;
use shape::{bound_m, meet};
use std::io::{self, Write};
use texture::{Paint, ToSrgb, hash};

/// [`Picture::ids`] where no body is seen.
pub const NO_BODY: u16 = u16::MAX;

/// A picture and what is seen in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// height x width x 3: sRGB.
    pub rgb: Vec<u8>,
    /// height x width: index of the body that is seen, or [`NO_BODY`].
    pub ids: Vec<u16>,
}

impl Picture {
    /// Colour of a pixel.
    pub fn at(&self, u: usize, v: usize) -> Option<[u8; 3]> {
        let start = 3 * (v * self.width + u);
        self.rgb.get(start..start + 3)?.try_into().ok().filter(|_| u < self.width)
    }

    /// Reads a PNG of grey or coloured pixels, 8 or 16 bit; opacity is disregarded. Nothing is known of bodies.
    ///
    /// # Errors
    /// If it is none, is cut off, or has more than [`MAX_SIDE_PX`] pixels a side.
    pub fn read_png(bytes: &[u8]) -> io::Result<Self> {
        let mut decoder = png::Decoder::new(io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().map_err(io::Error::other)?;
        let (width, height) = (reader.info().width as usize, reader.info().height as usize);
        if width > MAX_SIDE_PX || height > MAX_SIDE_PX {
            let problem = format!("expected at most {MAX_SIDE_PX} px a side, got {width} x {height}");
            return Err(io::Error::other(problem));
        }
        let size = reader.output_buffer_size().ok_or_else(|| io::Error::other("expected a size, got none"))?;
        let mut samples = vec![0; size];
        let info = reader.next_frame(&mut samples).map_err(io::Error::other)?;
        let channels = info.color_type.samples();
        let coloured = |pixel: &[u8]| if channels < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] };
        let rgb = samples[..info.buffer_size()].chunks_exact(channels).flat_map(coloured).collect();
        Ok(Self { width, height, rgb, ids: Vec::new() })
    }

    /// Writes it as PNG, every pixel `times` x `times` large.
    ///
    /// # Errors
    /// If it cannot be written, is empty or larger than the format's 2^31 pixels a side.
    pub fn write_png(&self, out: impl Write, times: usize) -> io::Result<()> {
        let times = times.max(1);
        let side = |pixels: usize| u32::try_from(pixels * times).map_err(io::Error::other);
        let mut encoder = png::Encoder::new(out, side(self.width)?, side(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut large = Vec::with_capacity(self.rgb.len() * times * times);
        for row in self.rgb.chunks_exact(3 * self.width.max(1)) {
            for _ in 0..times {
                for pixel in row.chunks_exact(3) {
                    (0..times).for_each(|_| large.extend_from_slice(pixel));
                }
            }
        }
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&large).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)
    }
}

/// Where a body is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// Its centre, metres.
    pub centre_m: Vector3,
    /// Its columns are the body's axes in the world.
    pub world_from_body: Matrix3,
}

impl Placement {
    /// A body at its place on the table.
    pub fn at_rest(body: &Body) -> Self {
        Self::at(body, body.centre_m())
    }

    /// A body upright at another centre.
    pub fn at(body: &Body, centre_m: Vector3) -> Self {
        let (sin, cos) = body.yaw_rad.sin_cos();
        Self { centre_m, world_from_body: [[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]] }
    }
}

/// A body as it is cast.
#[derive(Clone, Copy, Debug)]
struct Cast {
    body: Body,
    at: Placement,
    paint: Paint,
    bound_m: f64,
}

/// Makes pictures; its buffers are reused, so that one picture after another of the same size allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Renderer {
    /// Whether every pixel is the mean of 2 x 2 rays instead of one.
    pub smooth: bool,
    casts: Vec<Cast>,
    range_m: Vec<f64>,
    normals: Vec<Vector3>,
    ids: Vec<u16>,
    light: Vec<[f32; 3]>,
    to_srgb: ToSrgb,
}

impl Renderer {
    /// One ray a pixel, or 2 x 2.
    pub fn new(smooth: bool) -> Self {
        Self { smooth, ..Self::default() }
    }

    /// Fills `picture` with a scene at rest.
    pub fn render(&mut self, scene: &Scene, camera: &Camera, light: &Light, picture: &mut Picture) {
        self.casts.clear();
        self.casts.extend(scene.bodies.iter().map(|body| cast(body, Placement::at_rest(body))));
        self.draw(&scene.table, camera, light, picture);
    }

    /// Fills `picture` with a scene whose bodies stand at other centres, metres; those without one are left out, and so
    /// is what has a centre that is not finite.
    pub fn render_at(
        &mut self,
        scene: &Scene,
        centres_m: impl Iterator<Item = Vector3>,
        camera: &Camera,
        light: &Light,
        picture: &mut Picture,
    ) {
        self.casts.clear();
        self.casts.extend(scene.bodies.iter().zip(centres_m).map(|(body, at)| cast(body, Placement::at(body, at))));
        self.draw(&scene.table, camera, light, picture);
    }

    /// Fills `picture` with a scene whose bodies are placed, tilted ones too.
    pub fn render_placed(
        &mut self,
        scene: &Scene,
        placements: &[Placement],
        camera: &Camera,
        light: &Light,
        picture: &mut Picture,
    ) {
        self.casts.clear();
        self.casts.extend(scene.bodies.iter().zip(placements).map(|(body, at)| cast(body, *at)));
        self.draw(&scene.table, camera, light, picture);
    }

    fn draw(&mut self, table: &Table, camera: &Camera, light: &Light, picture: &mut Picture) {
        let each = if self.smooth { 2 } else { 1 };
        let (width, height) = (each * camera.width(), each * camera.height());
        self.find_bodies(camera, each, width, height);
        self.shade(table, camera, light, each, width);
        self.develop(camera, light, each, width, picture);
    }

    /// Which body every ray meets first, where, and the surface's normal there.
    fn find_bodies(&mut self, camera: &Camera, each: usize, width: usize, height: usize) {
        let (range_m, ids, normals) = (&mut self.range_m, &mut self.ids, &mut self.normals);
        range_m.clear();
        range_m.resize(width * height, f64::INFINITY);
        ids.clear();
        ids.resize(width * height, NO_BODY);
        normals.clear();
        normals.resize(width * height, [0.0, 0.0, 1.0]);
        for (id, cast) in (0..NO_BODY).zip(&self.casts) {
            let Some([left, right, top, bottom]) = covered(camera, cast) else { continue };
            let (left, right) = (each * left, (each * right).min(width));
            for v in each * top..(each * bottom).min(height) {
                for u in left..right {
                    let ray = camera.ray([(u as f64 + 0.5) / each as f64, (v as f64 + 0.5) / each as f64]);
                    let Some(hit) = cast.meet(ray.origin_m, ray.direction) else { continue };
                    let index = v * width + u;
                    if hit.range_m < range_m[index] {
                        range_m[index] = hit.range_m;
                        ids[index] = id;
                        normals[index] = times(&cast.at.world_from_body, hit.normal);
                    }
                }
            }
        }
    }

    /// Light that every ray brings.
    fn shade(&mut self, table: &Table, camera: &Camera, light: &Light, each: usize, width: usize) {
        let (ground, toward, rays) = (Paint::new(&table.look), light.toward(), light.rays());
        let ambient = light.ambient.clamp(0.0, 1.0);
        // A level surface in full light has the colour of its look.
        let lamp = (1.0 - ambient) / (toward[2].max(0.1) as f32);
        let spread = light.half_angle_rad.clamp(0.0, 0.5).tan();
        self.light.clear();
        for index in 0..self.ids.len() {
            let (u, v) = (index % width, index / width);
            let ray = camera.ray([(u as f64 + 0.5) / each as f64, (v as f64 + 0.5) / each as f64]);
            let id = self.ids[index];
            let (point, normal, colour, gloss) = match self.casts.get(usize::from(id)) {
                Some(cast) => {
                    let point = add(ray.origin_m, scaled(ray.direction, self.range_m[index]));
                    let own = times_transposed(&cast.at.world_from_body, sub(point, cast.at.centre_m));
                    (point, self.normals[index], cast.paint.at(own), light.gloss)
                }
                None => {
                    let range_m = -ray.origin_m[2] / ray.direction[2];
                    if !(range_m > 0.0 && range_m < 1e6) {
                        // Above the horizon.
                        self.light.push([ambient; 3]);
                        continue;
                    }
                    let point = add(ray.origin_m, scaled(ray.direction, range_m));
                    (point, [0.0, 0.0, 1.0], ground.at([point[0], point[1], 0.0]), 0.0)
                }
            };
            let facing = dot(normal, toward);
            let open = if facing > 0.0 { open_share(&self.casts, id, point, toward, &rays, spread) } else { 0.0 };
            let diffuse = ambient + lamp * open * facing.max(0.0) as f32;
            let shine = if gloss > 0.0 && open > 0.0 {
                let middle = sub(toward, ray.direction);
                let cosine = dot(normal, middle).max(0.0) / norm(middle).max(1e-9);
                gloss * open * (cosine as f32).powi(40)
            } else {
                0.0
            };
            self.light.push(colour.map(|channel| channel * diffuse + shine));
        }
    }

    /// From light to pixels: the mean of a pixel's rays, exposure, sRGB, noise.
    fn develop(&mut self, camera: &Camera, light: &Light, each: usize, width: usize, picture: &mut Picture) {
        (picture.width, picture.height) = (camera.width(), camera.height());
        picture.rgb.clear();
        picture.ids.clear();
        for v in 0..picture.height {
            for u in 0..picture.width {
                let (mut sum, mut seen) = ([0.0_f32; 3], [NO_BODY; 4]);
                for (ray, seen) in seen.iter_mut().enumerate().take(each * each) {
                    let index = (each * v + ray / each) * width + each * u + ray % each;
                    *seen = self.ids[index];
                    (0..3).for_each(|channel| sum[channel] += self.light[index][channel].min(1.5));
                }
                let share = 1.0 / (each * each) as f32;
                for (channel, sum) in sum.into_iter().enumerate() {
                    let value = self.to_srgb.value(sum * share * light.exposure[channel]);
                    // The sum of four even numbers is near enough to a normal one.
                    let noise = if light.noise > 0.0 {
                        let even = |draw: i64| hash((3 * u + channel) as i64, v as i64, 1000 + draw) - 0.5;
                        255.0 * light.noise * 1.732 * (0..4).map(even).sum::<f32>()
                    } else {
                        0.0
                    };
                    picture.rgb.push((value + noise).round().clamp(0.0, 255.0) as u8);
                }
                picture.ids.push(most_frequent(&seen[..each * each]));
            }
        }
    }
}

fn cast(body: &Body, at: Placement) -> Cast {
    Cast { body: *body, at, paint: Paint::new(&body.look), bound_m: bound_m(&body.shape) }
}

impl Cast {
    fn meet(&self, origin_m: Vector3, direction: Vector3) -> Option<shape::Hit> {
        let own = times_transposed(&self.at.world_from_body, sub(origin_m, self.at.centre_m));
        meet(&self.body.shape, own, times_transposed(&self.at.world_from_body, direction))
    }
}

/// Columns and rows `[left, right, top, bottom]` (ends exclusive) in which a body can be seen; all of them where its
/// bounding ball comes near the camera.
fn covered(camera: &Camera, cast: &Cast) -> Option<[usize; 4]> {
    let [x, y, depth_m] = camera.from_world(cast.at.centre_m);
    if !(depth_m.is_finite() && depth_m > -cast.bound_m) {
        return None;
    }
    let sides = [camera.width(), camera.height()];
    // The two planes through the camera that touch the ball, exactly.
    let ends = |axis: usize, off_m: f64| {
        let (angle, range_m) = (off_m.atan2(depth_m), off_m.hypot(depth_m));
        let half = (cast.bound_m / range_m).min(1.0).asin();
        let reaches_behind = angle.abs() + half > 1.5;
        let pixel = |angle: f64| camera.principal_px()[axis] + camera.focal_px()[axis] * angle.tan();
        let low = if reaches_behind { 0.0 } else { pixel(angle - half) };
        let high = if reaches_behind { sides[axis] as f64 } else { pixel(angle + half) };
        [low.floor().clamp(0.0, sides[axis] as f64) as usize, high.ceil().clamp(0.0, sides[axis] as f64) as usize]
    };
    let ([left, right], [top, bottom]) = (ends(0, x), ends(1, y));
    Some([left, right, top, bottom])
}

/// Share of the lamp that a point sees past the other bodies.
fn open_share(
    casts: &[Cast],
    own: u16,
    point_m: Vector3,
    toward: Vector3,
    rays: &[Vector3; SHADOW_RAYS],
    spread: f64,
) -> f32 {
    let mut blocked = [false; SHADOW_RAYS];
    for (id, cast) in (0..NO_BODY).zip(casts) {
        if id == own {
            continue;
        }
        let arm = sub(cast.at.centre_m, point_m);
        let along_m = dot(arm, toward);
        let off = cross(arm, toward);
        let reach_m = cast.bound_m + spread * (along_m.max(0.0) + cast.bound_m);
        if along_m < -cast.bound_m || dot(off, off) > reach_m * reach_m {
            continue;
        }
        for (blocked, ray) in blocked.iter_mut().zip(rays) {
            *blocked = *blocked || cast.meet(point_m, *ray).is_some();
        }
    }
    1.0 - blocked.iter().filter(|blocked| **blocked).count() as f32 / SHADOW_RAYS as f32
}

/// The first of the most frequent ones.
fn most_frequent(seen: &[u16]) -> u16 {
    let count = |id: u16| seen.iter().filter(|other| **other == id).count();
    seen.iter().rev().max_by_key(|id| count(**id)).copied().unwrap_or(NO_BODY)
}

#[cfg(test)]
mod tests;
