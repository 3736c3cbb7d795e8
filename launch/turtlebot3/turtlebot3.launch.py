"""Nav2 on a TurtleBot3 with planwright as planner server, as controller server, or as both.

    ros2 launch launch/turtlebot3/turtlebot3.launch.py                       # both: no costmap, no tuning
    ros2 launch launch/turtlebot3/turtlebot3.launch.py controller:=false     # plans; Nav2's controller drives
    ros2 launch launch/turtlebot3/turtlebot3.launch.py planner:=false        # drives; Nav2's planner plans
    ros2 launch launch/turtlebot3/turtlebot3.launch.py --show-args

It takes the place of nav2_bringup's navigation_launch.py. The robot (or Gazebo), map_server and amcl are those of the
robot's own bring-up: README.md in this folder has the whole list of commands.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, GroupAction
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir
from launch_ros.actions import Node

# What another node serves is served under this name, where it is in nobody's way.
PLANS_ASIDE = ["-r", "compute_path_to_pose:=planwright/compute_path_to_pose",
               "-r", "compute_path_through_poses:=planwright/compute_path_through_poses"]
FOLLOWS_ASIDE = ["-r", "follow_path:=planwright/follow_path"]


def value(name):
    return LaunchConfiguration(name)


def planwright(aside=()):
    """The node, not active: the lifecycle manager brings it up."""
    command = [value("planwright"), "node", "planner", "--ros-args", "-r", ["__ns:=", value("namespace")], *aside,
               "--params-file", value("planwright_params_file"), "-p", ["use_sim_time:=", value("use_sim_time")],
               "-p", ["robot:=", value("robot")], "-p", "autostart:=false", "-p", "drive:=false"]
    return ExecuteProcess(cmd=command, name="planwright_planner", output="screen")


def generate_launch_description():
    parameters = [value("nav2_params_file"), {"use_sim_time": value("use_sim_time")}]
    common = {"namespace": value("namespace"), "output": "screen", "parameters": parameters}
    tree = {"default_nav_to_pose_bt_xml": [ThisLaunchFileDir(), "/navigate_to_pose.xml"]}

    def nav2(package, executable, name=None):
        return Node(package=package, executable=executable, name=name or executable, **common)

    def manager(name):
        return nav2("nav2_lifecycle_manager", "lifecycle_manager", name)

    return LaunchDescription([
        DeclareLaunchArgument("planner", default_value="true", description="planwright plans; else Nav2's planner_server"),
        DeclareLaunchArgument("controller", default_value="true",
                              description="planwright drives; else Nav2's controller_server. One of both has to be true"),
        DeclareLaunchArgument("robot", default_value="turtlebot3-burger",
                              description="planwright's robot: turtlebot3-burger, another built-in one, or a TOML file"),
        DeclareLaunchArgument("planwright", default_value="planwright", description="The command, if it is not on PATH"),
        DeclareLaunchArgument("namespace", default_value="/", description="Namespace of all nodes, from / on"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock, as with Gazebo"),
        DeclareLaunchArgument("planwright_params_file", default_value=[ThisLaunchFileDir(), "/planwright.yaml"],
                              description="planwright's parameters"),
        DeclareLaunchArgument("nav2_params_file", default_value=[ThisLaunchFileDir(), "/nav2_params.yaml"],
                              description="Nav2's parameters"),
        GroupAction([
            GroupAction([planwright(), manager("lifecycle_manager_both")], condition=IfCondition(value("controller"))),
            GroupAction([
                planwright(FOLLOWS_ASIDE),
                nav2("nav2_controller", "controller_server"),
                manager("lifecycle_manager_planner"),
            ], condition=UnlessCondition(value("controller"))),
        ], condition=IfCondition(value("planner"))),
        GroupAction([
            planwright(PLANS_ASIDE),
            nav2("nav2_planner", "planner_server"),
            manager("lifecycle_manager_controller"),
        ], condition=UnlessCondition(value("planner"))),
        nav2("nav2_behaviors", "behavior_server"),
        Node(package="nav2_bt_navigator", executable="bt_navigator", name="bt_navigator", namespace=value("namespace"),
             output="screen", parameters=parameters + [tree]),
    ])
