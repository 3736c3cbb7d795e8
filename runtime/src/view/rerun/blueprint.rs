//! The blueprint: views, panels and time line of the viewer, written into the recording itself.
//!
//! The layout is written as data, because rerun's builder has no bounds, backgrounds or legends yet.

use re_chunk::ChunkError;
use re_log_types::{ApplicationId, BlueprintActivationCommand, LogMsg, StoreId, StoreKind, TimePoint, Timeline};
use re_sdk_types::AsComponents;
use re_sdk_types::blueprint::archetypes::{
    ContainerBlueprint, EntityBehavior, PanelBlueprint, PlotLegend, TimePanelBlueprint, ViewBlueprint, ViewContents,
    ViewportBlueprint,
};
use re_sdk_types::blueprint::components::Corner2D;
use re_sdk_types::blueprint::components::{
    ColumnShare, ContainerKind, IncludedContent, LoopMode, PanelState, PlayState, RootContainer, RowShare,
    TimelineName, ViewClass,
};
use re_sdk_types::components::Name;
use re_sdk_types::datatypes::Uuid;

use super::super::Subject;
use super::chunks::ChunkRows;
use super::push::entity as push;
use super::scene::{FRAME, SIM_TIME, entity};
use crate::world::scene::FRAME_SECS;

/// Views and containers are known by a UUID; fixed ones, so that the same scene gives the same layout.
fn uuid_bytes(number: u8) -> [u8; 16] {
    [0x70, 0x6c, 0x61, 0x6e, 0x77, 0x72, 0x49, 0x67, 0x88, 0x74, 0, 0, 0, 0, 0, number]
}

fn uuid(number: u8) -> String {
    let mut text = crate::files::hex(&uuid_bytes(number));
    for dash in [20, 16, 12, 8] {
        text.insert(dash, '-');
    }
    text
}

struct Layout {
    rows: ChunkRows,
    time: TimePoint,
    next: u8,
}

impl Layout {
    fn add(&mut self, path: &str, data: &dyn AsComponents) {
        self.rows.add(path, &self.time, data);
    }

    fn view(&mut self, class: &str, name: &str, contents: &[&str]) -> String {
        self.next += 1;
        let path = format!("view/{}", uuid(self.next));
        self.add(&format!("{path}/ViewContents"), &ViewContents::new(contents.iter().map(|query| (*query).to_owned())));
        let view =
            ViewBlueprint::new(ViewClass(class.into())).with_display_name(Name(name.into())).with_space_origin("/");
        self.add(&path, &view);
        path
    }

    fn column(&mut self, contents: &[(String, f32)]) -> String {
        let shares: Vec<RowShare> = contents.iter().map(|(_, share)| RowShare::from(*share)).collect();
        self.container(contents, ContainerBlueprint::new(ContainerKind::Vertical).with_row_shares(shares))
    }

    fn row(&mut self, contents: &[(String, f32)]) -> String {
        let shares: Vec<ColumnShare> = contents.iter().map(|(_, share)| ColumnShare::from(*share)).collect();
        self.container(contents, ContainerBlueprint::new(ContainerKind::Horizontal).with_col_shares(shares))
    }

    fn container(&mut self, contents: &[(String, f32)], kind: ContainerBlueprint) -> String {
        self.next += 1;
        let path = format!("container/{}", uuid(self.next));
        let contents = contents.iter().map(|(path, _)| IncludedContent(path.as_str().into()));
        self.add(&path, &kind.with_contents(contents));
        path
    }

    fn legend(&mut self, view: &str) {
        self.add(&format!("{view}/PlotLegend"), &PlotLegend::new().with_corner(Corner2D::LeftTop).with_visible(true));
    }
}

/// A robot on its map.
fn robot(layout: &mut Layout) {
    let maze =
        layout.view("2D", "Map, m: proposed grey, corrected orange, checked green, executed blue", &["/maze/**"]);
    // One click away: the distance field covers the map.
    let field = format!("{maze}/ViewContents/overrides/{}", entity::FIELD);
    layout.add(&field, &EntityBehavior::new().with_visible(false));
    let walls = format!("/{}", entity::WALLS);
    let [map, goal] = [entity::MAP, entity::GOAL].map(|entity| format!("/{entity}"));
    let denoising = layout.view(
        "2D",
        "Denoising, violet to yellow (or scrub timeline 'denoising')",
        &["/denoising/**", &map, &walls, &goal],
    );
    let residual = layout.view("TimeSeries", "Residual to physics, m", &["/residual/**"]);
    let timing = layout.view("TimeSeries", "Stage timing, ms", &["/timing/**"]);
    let drift = layout.view("TimeSeries", "Drift of the plans' length (total variation)", &["/drift/**"]);
    let lengths = layout.view("BarChart", "Plans' length, m: observed blue, intended grey", &["/quantity/**"]);
    let log = layout.view("TextLog", "Log", &["/log"]);
    layout.legend(&residual);
    layout.legend(&timing);
    layout.legend(&drift);

    let left = layout.column(&[(maze, 4.0), (log, 1.0)]);
    let watched = layout.row(&[(drift, 1.0), (lengths, 1.0)]);
    let right = layout.column(&[(denoising, 2.0), (residual, 1.0), (timing, 1.0), (watched, 1.0)]);
    layout.row(&[(left, 3.0), (right, 2.0)]);
}

/// A push on its picture: how it was chosen on the left, its motions on the right.
fn pushes(layout: &mut Layout) {
    let below = |entity: &str| format!("/{entity}/**");
    let mut picture = |name, entity| layout.view("2D", name, &[&below(entity)]);
    let first = picture("Picture, px: goal yellow, proposed pushes grey, checked push green", push::PICTURE);
    let predicted = picture("Predicted motion", push::PREDICTED);
    let simulated = picture("Motion of the checked push in simulation", push::SIMULATED);
    let table = layout.view("TextDocument", "Proposed pushes", &[&format!("/{}", push::TABLE)]);
    let motions = layout.row(&[(predicted, 1.0), (simulated, 1.0)]);
    let chosen = layout.row(&[(first, 1.0), (table, 1.0)]);
    layout.column(&[(chosen, 1.0), (motions, 1.0)]);
}

/// The messages that lay out a recording of the application, the activation last.
pub(super) fn messages(application: &ApplicationId, subject: Subject) -> Result<Vec<LogMsg>, ChunkError> {
    let store = StoreId::random(StoreKind::Blueprint, application.clone());
    let mut layout = Layout {
        rows: ChunkRows::new(store.clone()),
        time: TimePoint::default().with(Timeline::new_sequence("blueprint"), 0_i64),
        next: 0,
    };
    let time_panel = TimePanelBlueprint::new().with_state(PanelState::Collapsed);
    let time_panel = match subject {
        Subject::Robot => {
            robot(&mut layout);
            time_panel.with_timeline(TimelineName(SIM_TIME.into())).with_play_state(PlayState::Following)
        }
        Subject::Push => {
            pushes(&mut layout);
            let time_panel = time_panel.with_timeline(TimelineName(FRAME.into())).with_fps(1.0 / FRAME_SECS);
            time_panel.with_play_state(PlayState::Playing).with_loop_mode(LoopMode::All)
        }
    };
    // The outermost container is the last thing that was numbered.
    let root = RootContainer(Uuid { bytes: uuid_bytes(layout.next) });
    layout.add(
        "viewport",
        &ViewportBlueprint::new().with_root_container(root).with_auto_layout(false).with_auto_views(false),
    );
    for panel in ["blueprint_panel", "selection_panel"] {
        layout.add(panel, &PanelBlueprint::new().with_state(PanelState::Hidden));
    }
    layout.add("time_panel", &time_panel);

    let mut messages = vec![layout.rows.announcement()];
    messages.extend(layout.rows.drain()?);
    messages.push(BlueprintActivationCommand { blueprint_id: store, make_active: true, make_default: true }.into());
    Ok(messages)
}
