"""Starts the maze planner, and on wish the maze robot, by ROS 2's own launcher.

    ros2 launch launch/planwright_maze.launch.py with_sim:=true drive:=true
    ros2 launch launch/planwright_maze.launch.py namespace:=/robot params_file:=my.yaml autostart:=false
    ros2 launch launch/planwright_maze.launch.py --show-args

planwright is no ament package: it is a command, found on PATH or named by planwright:=FILE. The arguments below win
over the parameter file; everything else is set in the file. launch/planwright_maze.launch.xml does the same.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, GroupAction
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir

RESPAWN_DELAY_SECS = 2.0


def value(name):
    return LaunchConfiguration(name)


def ros_arguments(params_file, parameters):
    """What both nodes are told: where they live, how much they log, and their parameters."""
    arguments = ["--ros-args", "-r", ["__ns:=", value("namespace")], "--log-level", value("log_level"),
                 "--params-file", value(params_file)]
    for parameter, argument in parameters:
        arguments += ["-p", [parameter, ":=", value(argument)]]
    return arguments


def processes(name, command):
    """The command, respawned or not: what `respawn` may be given differs between distributions, a literal never."""
    common = {"cmd": command, "name": name, "output": "screen"}
    return [
        ExecuteProcess(**common, respawn=True, respawn_delay=RESPAWN_DELAY_SECS, condition=IfCondition(value("respawn"))),
        ExecuteProcess(**common, condition=UnlessCondition(value("respawn"))),
    ]


def generate_launch_description():
    maze = [value("planwright"), "node", "maze", "--distribution", value("distribution")]
    maze += ros_arguments("params_file", [
        ("use_sim_time", "use_sim_time"), ("model", "model"), ("autostart", "autostart"), ("drive", "drive"),
    ])
    # The robot makes the time that the planner is to use.
    sim = [value("planwright"), "node", "sim"]
    sim += ros_arguments("sim_params_file", [("publish_clock", "use_sim_time"), ("layout", "layout")])
    return LaunchDescription([
        DeclareLaunchArgument("planwright", default_value="planwright", description="The command, if it is not on PATH"),
        DeclareLaunchArgument("distribution", default_value="jazzy",
                              description="Whose ComputePathToPose to speak: jazzy, kilted or lyrical"),
        DeclareLaunchArgument("namespace", default_value="/", description="Namespace of the nodes, from / on"),
        DeclareLaunchArgument("params_file", default_value=[ThisLaunchFileDir(), "/params/maze.yaml"],
                              description="The planner's parameters"),
        DeclareLaunchArgument("model", default_value="models/maze-umaze.onnx",
                              description="The planner's .onnx file, here or beside the command"),
        DeclareLaunchArgument("use_sim_time", default_value="false",
                              description="Take the time from /clock; with_sim then publishes it"),
        DeclareLaunchArgument("autostart", default_value="true",
                              description="Configure and activate at once; false if a lifecycle manager does that"),
        DeclareLaunchArgument("drive", default_value="false", description="Follow the plans: publish cmd_vel"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("respawn", default_value="false", description="Start a node anew that has ended"),
        DeclareLaunchArgument("with_sim", default_value="false", description="Start the maze robot as well"),
        DeclareLaunchArgument("sim_params_file", default_value=[ThisLaunchFileDir(), "/params/sim.yaml"],
                              description="The robot's parameters"),
        DeclareLaunchArgument("layout", default_value="umaze", description="The robot's maze: umaze, medium or large"),
        GroupAction(processes("planwright_sim", sim), condition=IfCondition(value("with_sim"))),
        *processes("planwright_maze", maze),
    ])
