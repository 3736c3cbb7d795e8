//! The six parameter services: from request to response, with rclcpp's answers to unknown names.

use super::store::{ParameterStore, Transaction};
use super::value::Value;
use crate::messages::rcl_interfaces::{
    DescribeParametersRequest, DescribeParametersResponse, GetParameterTypesRequest, GetParameterTypesResponse,
    GetParametersRequest, GetParametersResponse, ListParametersRequest, ListParametersResponse, ListParametersResult,
    Parameter,
};

/// Most names that one request is answered for; with more it is answered as with an unknown name, so that a small
/// request cannot cause an endless response.
const MAX_NAMES: usize = 10_000;
/// What separates the parts of a parameter's name.
const SEPARATOR: char = '.';

/// The values in the order of the names; no values at all if one name is unknown.
pub fn get_parameters(store: &ParameterStore, request: &GetParametersRequest) -> GetParametersResponse {
    let value = |name: &String| store.values().get(name).map(Value::to_message);
    GetParametersResponse { values: for_all(&request.names, value) }
}

/// The type codes in the order of the names; none at all if one name is unknown.
pub fn get_parameter_types(store: &ParameterStore, request: &GetParameterTypesRequest) -> GetParameterTypesResponse {
    let code = |name: &String| store.values().get(name).map(|value| value.kind().code());
    GetParameterTypesResponse { types: for_all(&request.names, code) }
}

/// The descriptors in the order of the names; none at all if one name is unknown.
pub fn describe_parameters(store: &ParameterStore, request: &DescribeParametersRequest) -> DescribeParametersResponse {
    let describe = |name: &String| store.descriptor(name).map(|descriptor| descriptor.to_message());
    DescribeParametersResponse { descriptors: for_all(&request.names, describe) }
}

fn for_all<T>(names: &[String], answer: impl Fn(&String) -> Option<T>) -> Vec<T> {
    if names.len() > MAX_NAMES {
        return Vec::new();
    }
    names.iter().map(answer).collect::<Option<Vec<T>>>().unwrap_or_default()
}

/// The names at or below the prefixes (all, if none is given), at most `depth` parts below them (any, if 0), and
/// the prefixes that these names have.
pub fn list_parameters(store: &ParameterStore, request: &ListParametersRequest) -> ListParametersResponse {
    let recursive = request.depth == ListParametersRequest::DEPTH_RECURSIVE;
    let is_shallow = |below: &str| recursive || (below.matches(SEPARATOR).count() as u64) < request.depth;
    let is_under = |name: &str, prefix: &String| match name.strip_prefix(prefix.as_str()) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(SEPARATOR).is_some_and(is_shallow),
        None => false,
    };
    let prefixes = request.prefixes.get(..MAX_NAMES).unwrap_or(&request.prefixes);
    let is_listed = |name: &str| {
        if prefixes.is_empty() { is_shallow(name) } else { prefixes.iter().any(|prefix| is_under(name, prefix)) }
    };
    let mut result = ListParametersResult::default();
    for (name, _) in store.values().iter().filter(|(name, _)| is_listed(name)) {
        result.names.push(name.to_owned());
        if let Some((prefix, _)) = name.rsplit_once(SEPARATOR)
            && result.prefixes.iter().all(|known| known != prefix)
        {
            result.prefixes.push(prefix.to_owned());
        }
    }
    ListParametersResponse { result }
}

/// Checks the parameters of a set request together, without setting them. For an owner that answers later.
///
/// # Errors
/// The reason for the answer: no parameter at all, or everything that is wrong with them.
pub fn prepare_set(store: &ParameterStore, parameters: &[Parameter]) -> Result<Transaction, String> {
    if parameters.is_empty() {
        return Err("expected at least one parameter, got none".to_owned());
    }
    let mut values = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        match Value::from_message(&parameter.value) {
            Ok(value) => values.push((parameter.name.as_str(), value)),
            Err(error) => return Err(format!("parameter `{}`: {error}", crate::names::shorten(&parameter.name))),
        }
    }
    // A reason is read by people: ten faults are enough.
    const MOST: usize = 10;
    store.prepare(&values).map_err(|errors| {
        let mut reason = errors.iter().take(MOST).map(ToString::to_string).collect::<Vec<_>>().join("; ");
        if errors.len() > MOST {
            reason.push_str(&format!("; and {} more", errors.len() - MOST));
        }
        reason
    })
}

#[cfg(test)]
mod tests {
    use super::super::descriptor::Descriptor;
    use super::*;
    use crate::messages::rcl_interfaces::ParameterValue;

    fn store() -> ParameterStore {
        ParameterStore::declare([
            Descriptor::new("steps", 5, "Steps.").range(1, 100),
            Descriptor::new("gate.speed", 1.0, "Speed."),
            Descriptor::new("gate.wall.margin", 0.1, "Margin."),
            Descriptor::new("model", "a.onnx", "Model."),
            Descriptor::new("gates", true, "Gates.").read_only(),
        ])
        .expect("a sound table")
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn parameter(name: &str, value: &Value) -> Parameter {
        Parameter { name: name.to_owned(), value: value.to_message() }
    }

    #[test]
    fn values_types_and_descriptors_come_in_the_order_asked() {
        let store = store();
        let asked = names(&["steps", "gate.speed", "steps"]);
        let values = get_parameters(&store, &GetParametersRequest { names: asked.clone() }).values;
        assert_eq!(values, [Value::Integer(5), Value::Double(1.0), Value::Integer(5)].map(|value| value.to_message()));
        assert_eq!(get_parameter_types(&store, &GetParameterTypesRequest { names: asked.clone() }).types, [2, 3, 2]);
        let described = describe_parameters(&store, &DescribeParametersRequest { names: asked }).descriptors;
        assert_eq!(
            described.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(),
            ["steps", "gate.speed", "steps"]
        );
    }

    #[test]
    fn one_unknown_name_empties_the_answer() {
        let store = store();
        let asked = names(&["steps", "nothing"]);
        assert!(get_parameters(&store, &GetParametersRequest { names: asked.clone() }).values.is_empty());
        assert!(get_parameter_types(&store, &GetParameterTypesRequest { names: asked.clone() }).types.is_empty());
        assert!(describe_parameters(&store, &DescribeParametersRequest { names: asked }).descriptors.is_empty());
        let many = vec!["steps".to_owned(); MAX_NAMES + 1];
        assert!(get_parameters(&store, &GetParametersRequest { names: many }).values.is_empty());
    }

    #[test]
    fn lists_follow_prefixes_and_depth() {
        let store = store();
        let list = |prefixes: &[&str], depth| {
            list_parameters(&store, &ListParametersRequest { prefixes: names(prefixes), depth }).result
        };
        let all = list(&[], ListParametersRequest::DEPTH_RECURSIVE);
        assert_eq!(all.names, ["gate.speed", "gate.wall.margin", "gates", "model", "steps"]);
        assert_eq!(all.prefixes, ["gate", "gate.wall"]);
        assert_eq!(list(&[], 1).names, ["gates", "model", "steps"]);
        assert_eq!(list(&[], 2).names, ["gate.speed", "gates", "model", "steps"]);
        assert_eq!(list(&["gate"], 0).names, ["gate.speed", "gate.wall.margin"]);
        assert_eq!(list(&["gate"], 1).names, ["gate.speed"]);
        assert_eq!(list(&["gate.wall", "steps"], 1).names, ["gate.wall.margin", "steps"]);
        assert_eq!(list(&["nothing", ""], 0).names, Vec::<String>::new());
        assert_eq!(list(&[], u64::MAX).names.len(), 5);
    }

    #[test]
    fn what_cannot_be_set_is_refused_before_anything_changes() {
        let mut store = store();
        let good = [parameter("steps", &Value::Integer(7)), parameter("gate.speed", &Value::Double(2.0))];
        let nonsense = ParameterValue { r#type: 77, ..ParameterValue::default() };
        let bad = [
            (parameter("steps", &Value::Integer(700)), "`steps`: expected"),
            (parameter("nothing", &Value::Integer(7)), "expected a declared parameter"),
            (parameter("gates", &Value::Bool(false)), "`gates` is read-only"),
            (parameter("gate.speed", &Value::Integer(2)), "`gate.speed`: expected double"),
            (parameter("gate.speed", &Value::Double(f64::NAN)), "expected a number, got NaN"),
            (Parameter { name: "model".to_owned(), value: nonsense }, "`model`: expected"),
        ];
        let refusal = |parameters: &[Parameter]| match prepare_set(&store, parameters) {
            Ok(_) => panic!("expected a refusal of {parameters:?}"),
            Err(reason) => reason,
        };
        for (bad, named) in bad {
            let reason = refusal(&[good.as_slice(), std::slice::from_ref(&bad)].concat());
            assert!(reason.contains(named) && !reason.contains("; "), "{bad:?}: {reason}");
        }
        assert_eq!(refusal(&[]), "expected at least one parameter, got none");
        let transaction = prepare_set(&store, &good).expect("valid");
        assert_eq!((store.read::<i64>("steps"), transaction.after().read::<i64>("steps")), (Ok(5), Ok(7)));
        assert_eq!(store.commit(transaction).map(|changes| changes.len()), Ok(2));
        assert_eq!((store.read::<i64>("steps"), store.read::<f64>("gate.speed")), (Ok(7), Ok(2.0)));
    }

    #[test]
    fn a_flood_of_faults_gives_a_short_reason() {
        let parameters: Vec<Parameter> =
            (0..1000).map(|index| parameter(&format!("unknown_{index}"), &Value::Integer(1))).collect();
        let reason = prepare_set(&store(), &parameters).expect_err("all unknown");
        assert!(reason.ends_with("; and 990 more") && reason.len() < 2000, "{reason}");
    }
}
