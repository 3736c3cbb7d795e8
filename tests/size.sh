#!/usr/bin/env bash
# Cold build time and stripped size of the command, for a commit and for the working tree: tests/size.sh [COMMIT]
# Both are built at the same time, with one job each, so that they meet the same load; then the robot's build. Needs
# 6 GB in $TMPDIR and takes an hour of one core. For each build: crates, wall seconds, processor seconds, bytes stripped.
set -euo pipefail
commit=${1:-2d0d788}
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/source"
git -C "$root" archive "$commit" | tar -x -C "$scratch/source"
exec 3>&2
export TIMEFORMAT='%R wall %U user %S system'

build() { # NAME SOURCE PROFILE ARGUMENT..
    local name=$1 source=$2 profile=$3 target=$scratch/$1
    shift 3
    local log=$target.log
    cd "$source"
    local time
    time=$({ time CARGO_TARGET_DIR=$target nice -n 15 cargo build -p planwright --profile "$profile" --locked "$@" \
        2>"$log" || { cat "$log" >&3; exit 1; }; } 2>&1)
    strip -o "$target.stripped" "$target/$profile/planwright"
    echo "$name: $(grep -c Compiling "$log") crates, $time, $(stat -c %s "$target.stripped") bytes"
}

build before "$scratch/source" release -j 1 &
before=$!
build now "$root" release -j 1
wait "$before"
build robot "$root" robot --no-default-features --features ros2
