//! What the node has received: the newest picture, its camera's intrinsics, transforms between frames.

use super::camera::{Intrinsics, check_compressed, check_image, pinhole};
use super::failure::{PushErrorCode, PushFailure};
use crate::nodes::refusals::TransformRefusals;
use planwright_ros2::messages::builtin_interfaces::Time;
use planwright_ros2::messages::geometry_msgs::TransformStamped;
use planwright_ros2::messages::sensor_msgs::{CameraInfo, CompressedImage, Image};
use planwright_ros2::messages::std_msgs::Header;
use planwright_ros2::tf::{
    Inserted, LookupTime, StampedTransform, Transform, TransformBuffer, TransformError, TransformSettings,
};
use planwright_ros2::time::RosTime;
use planwright_ros2::validate::without_slash;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A picture may be stamped this far ahead of the clock, s: two computers' clocks differ.
const FUTURE_TOLERANCE_SECS: f64 = 0.1;
/// Camera infos that are kept: pictures and infos come on topics of their own.
const MAX_INFOS: usize = 8;
/// A moving camera's newest transform may be older than its picture by this, s: then it stands for the picture's time.
const TRANSFORM_LAG_SECS: f64 = 0.03;
/// Oldest transform of a moving robot with which a push is published, s.
const ROBOT_AGE_SECS: f64 = 0.5;

/// A message with a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum RawPicture {
    /// `sensor_msgs/Image`.
    Plain(Image),
    /// `sensor_msgs/CompressedImage`.
    Compressed(CompressedImage),
}

/// A picture as it came, with what its header says.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenPicture {
    /// The message.
    pub raw: RawPicture,
    /// When it was taken.
    pub stamp: RosTime,
    /// The camera's optical frame.
    pub frame: String,
}

/// The newest usable picture; `None` while the newest one is refused. Read by the planning thread, too.
pub type NewestPicture = Arc<Mutex<Option<Arc<TakenPicture>>>>;

/// All that a goal is planned on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The picture.
    pub picture: Arc<TakenPicture>,
    /// Its camera's intrinsics.
    pub intrinsics: Intrinsics,
    /// Pose of the camera's optical frame.
    pub table_from_camera: Transform,
}

/// A camera info as it was read.
#[derive(Clone, Debug, PartialEq)]
struct CameraOf {
    frame: String,
    stamp: Time,
    /// For pictures as they are taken, and for rectified ones; which of them come is a parameter.
    intrinsics: [Result<Intrinsics, PushFailure>; 2],
}

/// Inputs of the node.
#[derive(Debug)]
pub struct Inputs {
    table_frame: String,
    robot_frame: String,
    newest: NewestPicture,
    /// Of the newest picture.
    stamp: Option<RosTime>,
    picture_refusal: Option<PushFailure>,
    /// The newest last.
    camera_infos: VecDeque<CameraOf>,
    /// Between frames.
    pub transforms: TransformBuffer,
    transform_refusals: TransformRefusals,
    pictures: u64,
    refused: u64,
    old: u64,
}

impl Inputs {
    /// Without any.
    pub fn new(table_frame: &str, robot_frame: &str, max_frames: usize) -> Self {
        let mut transforms = TransformBuffer::new(TransformSettings { max_frames, ..TransformSettings::default() });
        transforms.request(table_frame);
        transforms.request(robot_frame);
        Self {
            table_frame: without_slash(table_frame).to_owned(),
            robot_frame: without_slash(robot_frame).to_owned(),
            newest: NewestPicture::default(),
            stamp: None,
            picture_refusal: None,
            camera_infos: VecDeque::with_capacity(MAX_INFOS),
            transforms,
            transform_refusals: TransformRefusals::default(),
            pictures: 0,
            refused: 0,
            old: 0,
        }
    }

    /// The newest picture, for the planning thread.
    pub fn newest(&self) -> NewestPicture {
        Arc::clone(&self.newest)
    }

    /// Pictures taken, refused, and left aside because a newer one had come.
    pub fn counts(&self) -> [u64; 3] {
        [self.pictures, self.refused, self.old]
    }

    /// Age of the newest usable picture, seconds.
    pub fn picture_age_secs(&self, now: RosTime) -> Option<f64> {
        self.picture().map(|picture| now.since(picture.stamp))
    }

    fn picture(&self) -> Option<Arc<TakenPicture>> {
        self.newest.lock().ok().and_then(|newest| newest.clone())
    }

    /// Takes a picture; what is decoded of it is decoded when a goal comes.
    ///
    /// # Errors
    /// If it is refused. Then the one before is not usable either: it no longer shows the table as it is.
    pub fn take_picture(&mut self, raw: RawPicture, now: RosTime) -> Result<(), PushFailure> {
        let (header, checked) = match &raw {
            RawPicture::Plain(image) => (&image.header, check_image(image)),
            RawPicture::Compressed(image) => (&image.header, check_compressed(image)),
        };
        let taken = stamp_of(header, now).and_then(|stamp| {
            checked
                .map_err(|refusal| PushFailure::new(PushErrorCode::NoPicture, refusal.name(), refusal.to_string()))?;
            Ok((stamp, without_slash(&header.frame_id).to_owned()))
        });
        match taken {
            Ok((stamp, _)) if self.stamp.is_some_and(|newest| newest.since(stamp) > 0.0) => {
                self.old += 1;
                Ok(())
            }
            Ok((stamp, frame)) => {
                self.pictures += 1;
                if self.picture().is_none_or(|picture| picture.frame != frame) {
                    self.transforms.request(&frame);
                }
                self.stamp = Some(stamp);
                self.picture_refusal = None;
                self.put(Some(Arc::new(TakenPicture { raw, stamp, frame })));
                Ok(())
            }
            Err(failure) => {
                self.refuse_picture(failure.clone());
                Err(failure)
            }
        }
    }

    /// The newest picture was refused, or could not be read.
    pub fn refuse_picture(&mut self, failure: PushFailure) {
        self.refused += 1;
        self.picture_refusal = Some(failure);
        self.put(None);
    }

    fn put(&mut self, picture: Option<Arc<TakenPicture>>) {
        if let Ok(mut newest) = self.newest.lock() {
            *newest = picture;
        }
    }

    /// Takes a camera's intrinsics; `rectified` if its pictures are.
    ///
    /// # Errors
    /// If they are refused; those before are not usable then.
    pub fn take_camera_info(&mut self, info: &CameraInfo, rectified: bool) -> Result<(), PushFailure> {
        let read = |rectified| {
            pinhole(info, rectified)
                .map_err(|refusal| PushFailure::new(PushErrorCode::NoCamera, refusal.name(), refusal.to_string()))
        };
        let intrinsics = [read(false), read(true)];
        let taken = intrinsics[usize::from(rectified)].clone().map(|_| ());
        if self.camera_infos.len() == MAX_INFOS {
            self.camera_infos.pop_front();
        }
        let frame = without_slash(&info.header.frame_id).to_owned();
        self.camera_infos.push_back(CameraOf { frame, stamp: info.header.stamp.clone(), intrinsics });
        taken
    }

    /// Forgets what depends on the time: it has jumped.
    pub fn clear_timed(&mut self) {
        self.transforms.clear_dynamic();
        self.transform_refusals.forget_moving();
        self.stamp = None;
        self.put(None);
    }

    /// Takes one transform.
    ///
    /// # Errors
    /// If it is refused. Then the one before is not usable either, unless that is the newer of the two.
    pub fn take_transform(
        &mut self,
        transform: &TransformStamped,
        is_static: bool,
        now: RosTime,
    ) -> Result<Inserted, TransformError> {
        self.transform_refusals.insert(&mut self.transforms, transform, is_static, now)
    }

    /// The transform from a frame to the table's, the newest there is.
    ///
    /// # Errors
    /// If it is not known, or a newer one on the way was refused.
    pub fn table_from(&self, frame: &str) -> Result<Transform, PushFailure> {
        self.usable(frame, self.transforms.lookup(&self.table_frame, frame, LookupTime::Latest))
    }

    /// What a lookup between a frame and the table's found, unless a newer transform on the way was refused.
    fn usable(&self, frame: &str, found: Result<StampedTransform, TransformError>) -> Result<Transform, PushFailure> {
        if !self.transform_refusals.is_empty() {
            let between = self.transforms.frames_between(&self.table_frame, frame);
            if let Some(refused) = self.transform_refusals.taken_away(between) {
                return Err(refused.into());
            }
        }
        Ok(found?.target_from_source)
    }

    /// What a goal is planned on now: no picture that was taken before `not_before`.
    ///
    /// # Errors
    /// What is missing, refused or too old.
    pub fn snapshot(
        &self,
        now: RosTime,
        max_age_secs: f64,
        rectified: bool,
        not_before: Option<RosTime>,
    ) -> Result<Snapshot, PushFailure> {
        let (picture, intrinsics, table_from_camera) = self.seen(now, max_age_secs, rectified)?;
        if let Some(wanted) = not_before.filter(|wanted| wanted.since(picture.stamp) > 0.0) {
            let text = format!(
                "expected a picture that is not older than the goal's stamp, the newest is {:.3} s older\nhint: send the goal again when one has come",
                wanted.since(picture.stamp)
            );
            return Err(PushFailure::new(PushErrorCode::NoPicture, "picture_before_goal", text));
        }
        // That it is known where the robot is: the pose itself is that when the push is published.
        self.robot_from_table(now)?;
        Ok(Snapshot { picture, intrinsics, table_from_camera })
    }

    /// Pose of the table in the robot's frame now.
    ///
    /// # Errors
    /// If it is not known, was not for the last half second and the robot moves, or a newer transform on the way was refused.
    pub fn robot_from_table(&self, now: RosTime) -> Result<Transform, PushFailure> {
        let found = self.transforms.lookup_fresh(&self.robot_frame, &self.table_frame, now, ROBOT_AGE_SECS);
        self.usable(&self.robot_frame, found)
    }

    fn seen(
        &self,
        now: RosTime,
        max_age_secs: f64,
        rectified: bool,
    ) -> Result<(Arc<TakenPicture>, Intrinsics, Transform), PushFailure> {
        if let Some(refusal) = &self.picture_refusal {
            return Err(refusal.clone());
        }
        let no_picture = |name, text: String| PushFailure::new(PushErrorCode::NoPicture, name, text);
        let none = || {
            no_picture("picture_missing", "expected a picture, none has come yet, or since the time jumped".to_owned())
        };
        let picture = self.picture().ok_or_else(none)?;
        let age_secs = now.since(picture.stamp);
        if !(age_secs <= max_age_secs) {
            let text = format!("expected a picture of the last {max_age_secs} s, the newest is {age_secs:.2} s old");
            return Err(no_picture("picture_stale", text));
        }
        let no_camera = |name, text: String| PushFailure::new(PushErrorCode::NoCamera, name, text);
        let Some(newest) = self.camera_infos.back() else {
            let text =
                "expected a camera_info, none has come yet\nhint: the camera's driver publishes it beside the pictures";
            return Err(no_camera("camera_missing", text.to_owned()));
        };
        // A refused one takes those before away.
        let of = |info: &CameraOf| info.intrinsics[usize::from(rectified)].clone();
        of(newest)?;
        // That of the picture's stamp where there is one; of a camera that does not change, the newest.
        let stamp = Time::from(picture.stamp);
        let CameraOf { frame, .. } = newest;
        let own = self.camera_infos.iter().rev().find(|info| info.stamp == stamp);
        let is_steady = self.camera_infos.iter().all(|info| info.intrinsics == newest.intrinsics);
        let Some(intrinsics) = own.or(is_steady.then_some(newest)).map(of).transpose()? else {
            let text = "expected the camera_info of the picture's stamp, for the camera has changed, got those of others\nhint: send the goal again when the next picture has come";
            return Err(no_camera("camera_changed", text.to_owned()));
        };
        if *frame != picture.frame {
            let text = format!("expected the camera_info of '{}', got that of '{frame}'", picture.frame);
            return Err(no_camera("camera_frame", text));
        }
        Ok((Arc::clone(&picture), intrinsics, self.table_from_camera(&picture)?))
    }

    /// Pose of the camera when it took a picture.
    fn table_from_camera(&self, picture: &TakenPicture) -> Result<Transform, PushFailure> {
        let lookup = |time| self.transforms.lookup(&self.table_frame, &picture.frame, time);
        let found = lookup(LookupTime::At(picture.stamp)).or_else(|error| match error {
            TransformError::ExtrapolationIntoFuture { .. } => lookup(LookupTime::Latest)
                .ok()
                .filter(|latest| picture.stamp.since(latest.stamp) <= TRANSFORM_LAG_SECS)
                .ok_or(error),
            error => Err(error),
        });
        self.usable(&picture.frame, found)
    }

    /// What keeps goals from being planned, if anything does: for diagnostics.
    pub fn missing(&self, now: RosTime, max_age_secs: f64, rectified: bool) -> Option<PushFailure> {
        self.snapshot(now, max_age_secs, rectified, None).err()
    }
}

/// The stamp of a picture's header, whose frame is named.
fn stamp_of(header: &Header, now: RosTime) -> Result<RosTime, PushFailure> {
    let refused = |name, text: String| PushFailure::new(PushErrorCode::NoPicture, name, text);
    let stamp = RosTime::try_from(&header.stamp).map_err(|error| refused("picture_stamp", error.to_string()))?;
    if stamp == RosTime::ZERO {
        let text = "expected a picture with the time at which it was taken, got one without a stamp";
        return Err(refused("picture_stamp", text.to_owned()));
    }
    let ahead_secs = stamp.since(now);
    if !(ahead_secs <= FUTURE_TOLERANCE_SECS) {
        let text = format!(
            "expected a picture that has been taken, got one stamped {ahead_secs:.2} s ahead\nhint: synchronise the computers' clocks; with use_sim_time, something has to publish /clock"
        );
        return Err(refused("picture_future", text));
    }
    if without_slash(&header.frame_id).is_empty() {
        let text = "expected the camera's optical frame in header.frame_id, got an empty one";
        return Err(refused("picture_frame", text.to_owned()));
    }
    Ok(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: RosTime = RosTime::from_nanos(100_000_000_000);

    fn image(secs: f64) -> RawPicture {
        let mut image = Image {
            height: 64,
            width: 64,
            encoding: "rgb8".to_owned(),
            step: 3 * 64,
            data: (0..3 * 64 * 64).map(|index| (index % 250) as u8).collect(),
            ..Image::default()
        };
        image.header.frame_id = "camera".to_owned();
        image.header.stamp = RosTime::from_secs_f64(secs).expect("a time").into();
        RawPicture::Plain(image)
    }

    fn info(frame: &str) -> CameraInfo {
        let mut info = CameraInfo { height: 64, width: 64, ..CameraInfo::default() };
        info.header.frame_id = frame.to_owned();
        info.k = [80.0, 0.0, 31.5, 0.0, 80.0, 31.5, 0.0, 0.0, 1.0];
        info
    }

    fn inputs() -> Inputs {
        let mut inputs = Inputs::new("table", "table", 100);
        let pose = Transform::IDENTITY;
        inputs.transforms.insert("table", "camera", RosTime::ZERO, pose, true).expect("a transform");
        inputs
    }

    fn missing(inputs: &Inputs) -> Option<&'static str> {
        inputs.missing(NOW, 1.0, false).map(|failure| failure.name)
    }

    #[test]
    fn what_is_missing_or_old_is_named_and_nothing_else_is_in_the_way() {
        let mut inputs = inputs();
        assert_eq!(missing(&inputs), Some("picture_missing"));
        inputs.take_picture(image(98.0), NOW).expect("a picture");
        assert_eq!(missing(&inputs), Some("picture_stale"));
        inputs.take_picture(image(99.5), NOW).expect("a picture");
        assert_eq!(missing(&inputs), Some("camera_missing"));
        inputs.take_camera_info(&info("other"), false).expect("intrinsics");
        assert_eq!(missing(&inputs), Some("camera_frame"));
        inputs.take_camera_info(&info("camera"), false).expect("intrinsics");
        assert_eq!(missing(&inputs), None);
        let after = |secs: f64| {
            let stamp = RosTime::from_secs_f64(secs);
            inputs.snapshot(NOW, 1.0, false, stamp).map(|_| ()).map_err(|failure| failure.name)
        };
        assert_eq!([after(99.5), after(99.6)], [Ok(()), Err("picture_before_goal")]);
        assert!(inputs.take_camera_info(&CameraInfo { k: [0.0; 9], ..info("camera") }, false).is_err());
        assert_eq!(missing(&inputs), Some("camera_uncalibrated"));
        let lost = Inputs::new("table", "gripper", 100);
        assert_eq!(lost.table_from("gripper").map_err(|error| error.name), Err("tf_unknown_frame"));
    }

    #[test]
    fn intrinsics_are_those_of_the_pictures_stamp_where_there_are_any() {
        let mut inputs = inputs();
        inputs.take_picture(image(99.5), NOW).expect("a picture");
        let with = |secs: f64, focal: f64| {
            let mut info = info("camera");
            info.header.stamp = RosTime::from_secs_f64(secs).expect("a time").into();
            (info.k[0], info.k[4]) = (focal, focal);
            info
        };
        let focal = |inputs: &Inputs| inputs.snapshot(NOW, 1.0, false, None).expect("all of it").intrinsics.focal_px[0];
        inputs.take_camera_info(&with(90.0, 70.0), false).expect("intrinsics");
        assert_eq!(focal(&inputs), 70.0, "one that came once");
        inputs.take_camera_info(&with(99.4, 75.0), false).expect("intrinsics");
        let changed = inputs.missing(NOW, 1.0, false).map(|failure| failure.name);
        assert_eq!(changed, Some("camera_changed"), "it may be that of another scene");
        inputs.take_camera_info(&with(99.5, 80.0), false).expect("intrinsics");
        inputs.take_camera_info(&with(99.6, 90.0), false).expect("intrinsics");
        assert_eq!(focal(&inputs), 80.0, "that of the picture, though a newer one has come");
        for _ in 0..100 {
            inputs.take_camera_info(&with(99.7, 95.0), false).expect("intrinsics");
        }
        assert_eq!((focal(&inputs), inputs.camera_infos.len()), (95.0, MAX_INFOS));
    }

    #[test]
    fn a_refused_transform_takes_the_one_before_away_until_a_usable_one_comes() {
        let transform = |child: &str, x: f64, secs: f64| {
            let mut transform = TransformStamped { child_frame_id: child.to_owned(), ..TransformStamped::default() };
            transform.header.frame_id = "table".to_owned();
            transform.header.stamp = RosTime::from_secs_f64(secs).expect("a time").into();
            transform.transform.translation.x = x;
            transform.transform.rotation.w = 1.0;
            transform
        };
        let mut inputs = Inputs::new("table", "base", 100);
        inputs.transforms.set_now(NOW);
        inputs.take_camera_info(&info("camera"), false).expect("intrinsics");
        inputs.take_picture(image(99.9), NOW).expect("a picture");
        for child in ["camera", "base"] {
            inputs.take_transform(&transform(child, 1.0, 99.9), false, NOW).expect("a transform");
        }
        assert_eq!(missing(&inputs), None);
        for child in ["camera", "base"] {
            let wrong = transform(child, f64::NAN, 99.95);
            assert!(inputs.take_transform(&wrong, false, NOW).is_err());
            assert_eq!(missing(&inputs), Some("tf_refused"), "{child}");
            let message = inputs.missing(NOW, 1.0, false).map(|failure| failure.message).unwrap_or_default();
            assert!(message.contains("hint: nothing is planned until a usable one comes"), "{message}");
            inputs.take_transform(&transform(child, 1.1, 99.96), false, NOW).expect("a transform");
            assert_eq!(missing(&inputs), None, "{child}");
        }
        // What has nothing to do with camera and robot takes nothing away; nor does a straggler.
        assert!(inputs.take_transform(&transform("gripper", f64::NAN, 99.9), false, NOW).is_err());
        assert!(inputs.take_transform(&transform("base", 1.0, 1.0), false, NOW).is_err());
        assert_eq!(missing(&inputs), None);
        assert_eq!(inputs.table_from("gripper").map_err(|failure| failure.name), Err("tf_refused"));
        inputs.clear_timed();
        assert_eq!(inputs.table_from("gripper").map_err(|failure| failure.name), Err("tf_unknown_frame"));
    }

    #[test]
    fn a_refused_picture_takes_the_one_before_away_and_a_straggler_does_not_count() {
        let mut inputs = inputs();
        inputs.take_camera_info(&info("camera"), false).expect("intrinsics");
        inputs.take_picture(image(99.9), NOW).expect("a picture");
        inputs.take_picture(image(99.5), NOW).expect("a straggler");
        assert_eq!((inputs.counts(), missing(&inputs)), ([1, 0, 1], None));
        assert_eq!(inputs.picture().map(|picture| picture.stamp.as_secs_f64()), Some(99.9));
        let mut wrong = Vec::new();
        for secs in [0.0, 101.0] {
            wrong.push(image(secs));
        }
        for change in [
            |image: &mut Image| image.header.frame_id.clear(),
            |image: &mut Image| image.header.stamp.nanosec = 2_000_000_000,
            |image: &mut Image| image.step = 5,
            |image: &mut Image| image.data.truncate(100),
            |image: &mut Image| image.encoding = "16UC1".to_owned(),
        ] {
            let RawPicture::Plain(mut plain) = image(99.95) else { continue };
            change(&mut plain);
            wrong.push(RawPicture::Plain(plain));
        }
        let mut names = Vec::new();
        for raw in wrong {
            let failure = inputs.take_picture(raw, NOW).expect_err("refused");
            assert_eq!(missing(&inputs), Some(failure.name));
            assert!(inputs.newest().lock().expect("no panic").is_none());
            names.push(failure.name);
            inputs.take_picture(image(99.96), NOW).expect("a picture");
            assert_eq!(missing(&inputs), None);
        }
        assert_eq!(&names[..4], ["picture_stamp", "picture_future", "picture_frame", "picture_stamp"]);
    }
}
