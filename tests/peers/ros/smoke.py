#!/usr/bin/env python3
"""Proves that an environment of rclpy is whole: every type imports, and two processes talk over Fast DDS.

    python3 tests/peers/ros/namespace.py .deps/ros-kilted/bin/python tests/peers/ros/smoke.py

One process serves a topic and the action nav2_msgs/ComputePathToPose, the other one is their client.
"""

import importlib
import subprocess
import sys
import time

import rclpy
from rclpy.action import ActionClient, ActionServer
from rclpy.qos import DurabilityPolicy, QoSProfile

MODULES = """
    action_msgs.msg action_msgs.srv bond.msg builtin_interfaces.msg diagnostic_msgs.msg diagnostic_msgs.srv geometry_msgs.msg
    lifecycle_msgs.msg lifecycle_msgs.srv nav2_msgs.action nav2_msgs.srv nav_msgs.msg nav_msgs.srv rcl_interfaces.msg
    rcl_interfaces.srv rosgraph_msgs.msg sensor_msgs.msg sensor_msgs.srv std_msgs.msg std_srvs.srv test_msgs.action
    test_msgs.msg test_msgs.srv tf2_msgs.action tf2_msgs.msg tf2_msgs.srv unique_identifier_msgs.msg visualization_msgs.msg
""".split()
DEADLINE_SECS = 60.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def serve():
    from nav2_msgs.action import ComputePathToPose
    from tf2_msgs.msg import TFMessage
    from geometry_msgs.msg import TransformStamped

    def plan(goal):
        result = ComputePathToPose.Result(error_code=ComputePathToPose.Result.NO_VALID_PATH, error_msg=goal.request.planner_id)
        result.path.poses = [goal.request.start, goal.request.goal]
        goal.succeed()
        return result

    node = rclpy.create_node("smoke_server")
    publisher = node.create_publisher(TFMessage, "tf_static", LATCHED)
    publisher.publish(TFMessage(transforms=[TransformStamped(child_frame_id="gr\u00fcn")]))
    server = ActionServer(node, ComputePathToPose, "compute_path_to_pose", plan)
    rclpy.spin(node)
    server.destroy()


def ask():
    from nav2_msgs.action import ComputePathToPose
    from tf2_msgs.msg import TFMessage

    node = rclpy.create_node("smoke_client")
    received = []
    subscription = node.create_subscription(TFMessage, "tf_static", received.append, LATCHED)
    client = ActionClient(node, ComputePathToPose, "compute_path_to_pose")
    assert client.wait_for_server(DEADLINE_SECS), "no action server"

    def wait(future):
        rclpy.spin_until_future_complete(node, future, timeout_sec=DEADLINE_SECS)
        assert future.done(), "no answer in time"
        return future.result()

    goal = ComputePathToPose.Goal(planner_id="l\u00e4ngs", use_start=True)
    goal.goal.pose.position.x = 1.25
    handle = wait(client.send_goal_async(goal))
    assert handle.accepted
    result = wait(handle.get_result_async()).result
    assert (result.error_code, result.error_msg) == (208, "l\u00e4ngs"), result
    assert [p.pose.position.x for p in result.path.poses] == [0.0, 1.25], result
    end = time.monotonic() + DEADLINE_SECS
    while not received and time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    assert received and received[0].transforms[0].child_frame_id == "gr\u00fcn", received
    node.destroy_subscription(subscription)


def main():
    for module in MODULES:
        importlib.import_module(module)
    rclpy.init()
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    server = subprocess.Popen([sys.executable, __file__, "serve"])
    try:
        ask()
    finally:
        server.kill()
        server.wait()
    print("smoke: all types import, topic and action work")


if __name__ == "__main__":
    main()
