"""MuJoCo 2.3.1 replays recorded roll-outs: the same start and commands must give the same states.

    .deps/venv/bin/python3 tests/peers/replay_mujoco.py ROLLOUTS.npz LAYOUT.txt

ROLLOUTS.npz is written by `planwright eval maze --record`, LAYOUT.txt holds the maze as text.
"""

import json
import sys

import mujoco
import numpy

BALL_OFFSET = 1.2  # where the ball's body stands when qpos is 0; walls stand at index + 1


def build(layout):
    walls = "".join(
        f'<geom type="box" pos="{row + 1} {column + 1} 0" size="0.5 0.5 0.2" contype="1" conaffinity="1"/>'
        for row, line in enumerate(layout)
        for column, cell in enumerate(line)
        if cell == "#"
    )
    return mujoco.MjModel.from_xml_string(f"""
<mujoco>
  <compiler inertiafromgeom="true" angle="radian" coordinate="local"/>
  <option timestep="0.01" gravity="0 0 0" iterations="20" integrator="Euler"/>
  <default><geom conaffinity="0" condim="1" contype="0" density="1000" friction=".5 .1 .1" margin="0.002"/></default>
  <worldbody>
    <body name="ball" pos="{BALL_OFFSET} {BALL_OFFSET} 0">
      <geom type="sphere" size="0.1" contype="1" conaffinity="1"/>
      <joint name="x" type="slide" axis="1 0 0" damping="1"/>
      <joint name="y" type="slide" axis="0 1 0" damping="1"/>
    </body>
    {walls}
  </worldbody>
  <actuator>
    <motor joint="x" gear="100" ctrlrange="-1 1" ctrllimited="true"/>
    <motor joint="y" gear="100" ctrlrange="-1 1" ctrllimited="true"/>
  </actuator>
</mujoco>""")


def main(rollouts, layout_path):
    layout = [line.strip() for line in open(layout_path) if line.strip()]
    recorded = numpy.load(rollouts)
    states, actions = recorded["states"], recorded["actions"]
    model = build(layout)
    data = mujoco.MjData(model)
    one_step, open_loop = 0.0, []

    def set_state(state):
        data.qpos[:], data.qvel[:] = state[:2], state[2:]
        data.qacc_warmstart[:] = 0

    def step(action):
        data.qvel[:] = numpy.clip(data.qvel, -5, 5)
        data.ctrl[:] = numpy.clip(action, -1, 1)
        mujoco.mj_step(model, data)
        return numpy.concatenate([data.qpos, data.qvel])

    for n in range(len(actions)):
        for t in range(0, len(actions[n]), 7):
            set_state(states[n, t])
            one_step = max(one_step, float(numpy.abs(step(actions[n, t]) - states[n, t + 1]).max()))
        set_state(states[n, 0])
        open_loop.append(max(float(numpy.abs(step(a) - s).max()) for a, s in zip(actions[n], states[n, 1:])))
    print(json.dumps({"mujoco": mujoco.__version__, "rollouts": len(actions), "steps": len(actions[0]),
                      "one_step_max": one_step, "open_loop_max": max(open_loop),
                      "open_loop_median": float(numpy.median(open_loop))}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
