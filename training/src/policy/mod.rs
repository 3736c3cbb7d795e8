//! Study of policies: linear against Fourier heads.

mod study;

pub use study::{
    Against, Interval, PolicyStudy, StudyCell, StudyDrive, StudyError, StudyOptions, StudyRow, StudyTable, StudyTask,
    section,
};
