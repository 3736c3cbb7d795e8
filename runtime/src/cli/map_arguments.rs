//! Maps and robots by name or file, for evaluations.
