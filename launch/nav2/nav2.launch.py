"""Nav2 without its planner_server, around planwright's maze planner.

    ros2 launch launch/nav2/nav2.launch.py with_sim:=true
    ros2 action send_goal /navigate_to_pose nav2_msgs/action/NavigateToPose \
        "{pose: {header: {frame_id: map}, pose: {position: {x: 1.0, y: 1.0}, orientation: {w: 1.0}}}}"

Takes the arguments of ../planwright_maze.launch.py as well.
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, ThisLaunchFileDir
from launch_ros.actions import Node


def generate_launch_description():
    namespace = LaunchConfiguration("namespace")
    common = {"namespace": namespace, "output": "screen"}
    parameters = [LaunchConfiguration("nav2_params_file"), {"use_sim_time": LaunchConfiguration("use_sim_time")}]
    tree = {"default_nav_to_pose_bt_xml": LaunchConfiguration("behavior_tree")}
    # What drives speaks to the smoother, and the smoother to the robot.
    unsmoothed = [("cmd_vel", "cmd_vel_nav")]
    return LaunchDescription([
        DeclareLaunchArgument("namespace", default_value="/", description="Namespace of all nodes, from / on"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock"),
        DeclareLaunchArgument("nav2_params_file", default_value=[ThisLaunchFileDir(), "/nav2_params.yaml"],
                              description="Nav2's parameters"),
        DeclareLaunchArgument("behavior_tree", default_value=[ThisLaunchFileDir(), "/navigate_to_pose.xml"],
                              description="bt_navigator's tree"),
        # The planner, not active: the lifecycle manager brings it up. Nav2 drives, not the planner.
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource([ThisLaunchFileDir(), "/../planwright_maze.launch.py"]),
            launch_arguments={
                "autostart": "false", "drive": "false", "namespace": namespace,
                "use_sim_time": LaunchConfiguration("use_sim_time"),
            }.items(),
        ),
        Node(package="nav2_controller", executable="controller_server", name="controller_server",
             parameters=parameters, remappings=unsmoothed, **common),
        Node(package="nav2_behaviors", executable="behavior_server", name="behavior_server",
             parameters=parameters, remappings=unsmoothed, **common),
        Node(package="nav2_velocity_smoother", executable="velocity_smoother", name="velocity_smoother",
             parameters=parameters, remappings=unsmoothed + [("cmd_vel_smoothed", "cmd_vel")], **common),
        Node(package="nav2_bt_navigator", executable="bt_navigator", name="bt_navigator",
             parameters=parameters + [tree], **common),
        Node(package="nav2_lifecycle_manager", executable="lifecycle_manager", name="lifecycle_manager_navigation",
             parameters=parameters, **common),
    ])
