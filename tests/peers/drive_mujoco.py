"""MuJoCo drives a two-wheeled robot by the accelerations that our differential drive took: the poses must agree.

    .deps/venv/bin/python3 tests/peers/drive_mujoco.py DRIVES.npz

DRIVES.npz holds `step_secs`, `speeds` (n, t, 2: speed along the heading and turn rate before every step, from rest) and
`poses` (n, t, 3: x, y, heading at the same times). Between two steps the motors' targets change at the commanded
acceleration. Wheels roll on a floor with friction and slip as MuJoCo's soft contacts do; their motors' inertia is that
of a gear (lighter ones would need shorter steps).
"""

import json
import sys

import mujoco
import numpy

WHEEL_RADIUS = 0.1
TRACK = 0.4  # distance of the wheels
TIMESTEP = 0.001

MODEL = f"""
<mujoco>
  <option timestep="{TIMESTEP}" cone="elliptic" impratio="100" integrator="implicit"/>
  <worldbody>
    <geom type="plane" size="50 50 1" friction="1 0.005 0.0001"/>
    <body name="base" pos="0 0 {WHEEL_RADIUS}">
      <freejoint/>
      <geom type="box" pos="-0.03 0 0" size="0.15 0.15 0.04" mass="10" contype="0" conaffinity="0"/>
      <geom type="sphere" pos="-0.17 0 -0.06" size="0.04" mass="0.2" friction="0 0 0" priority="1"/>
      <body pos="0 {TRACK / 2} 0">
        <joint name="left" type="hinge" axis="0 1 0" armature="0.2"/>
        <geom type="cylinder" zaxis="0 1 0" size="{WHEEL_RADIUS} 0.005" mass="0.5" condim="3"/>
      </body>
      <body pos="0 {-TRACK / 2} 0">
        <joint name="right" type="hinge" axis="0 1 0" armature="0.2"/>
        <geom type="cylinder" zaxis="0 1 0" size="{WHEEL_RADIUS} 0.005" mass="0.5" condim="3"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <velocity joint="left" kv="50"/>
    <velocity joint="right" kv="50"/>
  </actuator>
</mujoco>"""


def heading(quaternion):
    w, x, y, z = quaternion
    return numpy.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def drive(model, step_secs, speeds, poses):
    """Largest distance and largest heading error at the times of `poses`, and both at the end."""
    data = mujoco.MjData(model)
    per_step = round(step_secs / TIMESTEP)
    errors = []
    for index in range(len(speeds) - 1):
        for part in range(per_step):
            v, w = speeds[index] + (speeds[index + 1] - speeds[index]) * (part + 1) / per_step
            data.ctrl[:] = (v - w * TRACK / 2) / WHEEL_RADIUS, (v + w * TRACK / 2) / WHEEL_RADIUS
            mujoco.mj_step(model, data)
        x, y, angle = poses[index + 1]
        off = (heading(data.qpos[3:7]) - angle + numpy.pi) % (2 * numpy.pi) - numpy.pi
        errors.append((float(numpy.hypot(data.qpos[0] - x, data.qpos[1] - y)), abs(float(off))))
    errors = numpy.array(errors)
    return {"largest": errors.max(axis=0).tolist(), "end": errors[-1].tolist()}


def main(path):
    recorded = numpy.load(path)
    model = mujoco.MjModel.from_xml_string(MODEL)
    found = [drive(model, float(recorded["step_secs"]), *pair) for pair in zip(recorded["speeds"], recorded["poses"])]
    print(json.dumps({"mujoco": mujoco.__version__, "drives": found}))


if __name__ == "__main__":
    main(sys.argv[1])
