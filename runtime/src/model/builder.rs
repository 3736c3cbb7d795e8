//! Manifests of new models: entries that an export sets; tensors follow from the family.

use super::family::Family;
use super::manifest::Manifest;
use super::manifest_entries::{Column, Golden, Normaliser, Parity, Provenance, QuantitySpec};
use std::collections::BTreeMap;

/// Everything of a manifest that does not follow from its family. Parity and measured figures come later.
#[derive(Clone, Debug)]
pub struct ManifestBuilder {
    /// Name of the model.
    pub name: String,
    /// The family with its entries.
    pub family: Family,
    /// Meaning of the columns.
    pub columns: Vec<Column>,
    /// What maps to -1 and 1, per column.
    pub normaliser: Normaliser,
    /// Knots of a trajectory, or steps of a policy's longest roll-out.
    pub horizon: usize,
    /// Time between knots, seconds.
    pub knot_secs: f64,
    /// The physical quantity of the training data.
    pub quantity: Option<QuantitySpec>,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Largest relative difference from libtorch that the export allows.
    pub tolerance: f64,
    /// Test vectors.
    pub golden: Vec<Golden>,
    /// SPDX expression.
    pub licence: String,
}

impl ManifestBuilder {
    /// The manifest; an artefact checks it.
    pub fn build(self) -> Manifest {
        let (inputs, outputs) = self.family.tensors(self.horizon, &self.columns);
        Manifest {
            inputs,
            outputs,
            name: self.name,
            family: self.family,
            columns: self.columns,
            normaliser: self.normaliser,
            horizon: self.horizon,
            knot_secs: self.knot_secs,
            quantity: self.quantity,
            provenance: self.provenance,
            parity: Parity { tolerance: self.tolerance, largest: BTreeMap::new() },
            measured: BTreeMap::new(),
            golden: self.golden,
            licence: self.licence,
        }
    }
}
