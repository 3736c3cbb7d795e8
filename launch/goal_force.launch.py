"""Starts the goal-force node, and if requested the simulated table, by ROS 2's own launcher.

    ros2 launch launch/goal_force.launch.py sim:=true kind:=blocked
    ros2 launch launch/goal_force.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
    ros2 launch launch/goal_force.launch.py image:=/camera/image_rect camera_info:=/camera/camera_info rectified:=true
    ros2 launch launch/goal_force.launch.py --show-args

planwright is no ament package: it is a command, found on PATH or named by planwright:=FILE. The arguments below win
over the parameter files; everything else is set in the files.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, GroupAction
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir

RESPAWN_DELAY_SECS = 2.0


def value(name):
    return LaunchConfiguration(name)


def ros_arguments(params_file, parameters):
    """What both nodes receive: their namespace, how much they log, and their parameters."""
    arguments = ["--ros-args", "-r", ["__ns:=", value("namespace")], "--log-level", value("log_level"),
                 "--params-file", value(params_file)]
    for parameter in parameters:
        arguments += ["-p", [parameter, ":=", value(parameter)]]
    return arguments


def processes(name, command):
    """The command, respawned or not: what `respawn` may be given differs between distributions, a literal never."""
    common = {"cmd": command, "name": name, "output": "screen"}
    return [
        ExecuteProcess(**common, respawn=True, respawn_delay=RESPAWN_DELAY_SECS, condition=IfCondition(value("respawn"))),
        ExecuteProcess(**common, condition=UnlessCondition(value("respawn"))),
    ]


def generate_launch_description():
    goal_force = [value("planwright"), "node", "goal-force"]
    goal_force += ros_arguments("params_file", ["use_sim_time", "model", "autostart", "image_transport", "rectified"])
    # The simulated table publishes on these topics as they are.
    goal_force += ["-r", ["image:=", value("image")], "-r", ["image/compressed:=", value("image"), "/compressed"],
                   "-r", ["camera_info:=", value("camera_info")]]
    scene = [value("planwright"), "node", "sim", "--scene"]
    scene += ros_arguments("sim_params_file", ["use_sim_time", "kind"])
    return LaunchDescription([
        DeclareLaunchArgument("planwright", default_value="planwright", description="The command, if it is not on PATH"),
        DeclareLaunchArgument("namespace", default_value="/", description="Namespace of the nodes, from / on"),
        DeclareLaunchArgument("params_file", default_value=[ThisLaunchFileDir(), "/params/goal_force.yaml"],
                              description="The goal-force node's parameters"),
        DeclareLaunchArgument("model", default_value="models/goal-force.onnx",
                              description="The planner's .onnx file, here or beside the command"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock"),
        DeclareLaunchArgument("autostart", default_value="true",
                              description="Configure and activate at once; false if a lifecycle manager does that"),
        DeclareLaunchArgument("image", default_value="image", description="Topic of the camera's colour pictures"),
        DeclareLaunchArgument("camera_info", default_value="camera_info", description="Topic of its CameraInfo"),
        DeclareLaunchArgument("image_transport", default_value="raw",
                              description="raw, or compressed: PNG or JPEG on the picture's topic with /compressed"),
        DeclareLaunchArgument("rectified", default_value="false",
                              description="The pictures are free of distortion, as those of image_rect are"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("respawn", default_value="false", description="Start a node anew that has ended"),
        DeclareLaunchArgument("sim", default_value="false", description="Start the simulated table as well"),
        DeclareLaunchArgument("sim_params_file", default_value=[ThisLaunchFileDir(), "/params/scene.yaml"],
                              description="The table's parameters"),
        DeclareLaunchArgument("kind", default_value="balls", description="What lies on the table: balls or blocked"),
        GroupAction(processes("planwright_scene", scene), condition=IfCondition(value("sim"))),
        *processes("planwright_goal_force", goal_force),
    ])
