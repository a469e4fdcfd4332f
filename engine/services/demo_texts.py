"""What the people of the demo tell and write. Made up for the demo, after the default categories."""

from typing import NamedTuple


class Told(NamedTuple):
    """
    One demand of the demo.

    `life` names the way it goes (demo_life), `days` is how many working days ago it was filed, at local `time`;
    `grid` is community and number.
    """

    life: str
    days: int
    time: str
    grid: str
    category: str
    kind: str
    text: str


_TABLE = """
solved 29 09:10 zhujidong-1 A1 small 3 号院 2 单元楼道灯坏了，老人晚上摸黑上楼。
solved 28 10:20 wangtan-2 A6 small 单元门禁按了没反应，快递员随便进。
solved 27 08:50 jinyi-1 C3 small 四层拐角堆了纸箱和旧家具，担心着火。
solved 26 14:05 jingyi-3 H6 small 早上遛狗不牵绳，孩子上学绕着走。
solved 25 15:30 yongshun-1 E6 small 玉带巷口路灯不亮，晚归的人害怕。
solved 24 09:40 zhujidong-2 C6 small 楼前绿地被圈起来种菜，浇粪水味道大。
solved 22 11:00 jingyi-1 D4 small 单元门上贴满小广告，刚清完又贴。
solved 20 16:10 wangtan-1 C1 small 垃圾站周末没人清，周一早上堆到路边。
solved 18 08:45 jinyi-2 B6 small 一层地漏返水，拖把一堵就往外冒。
solved 15 13:50 yongshun-2 G2 small 二层窗口飞线给电动车充电，线皮都裂了。
solved 12 09:25 zhujidong-3 C5 small 树枝伸到三楼窗户，刮风打玻璃。
solved 10 10:15 jingyi-2 F4 small 广场舞音响开到晚上九点半，孩子写不了作业。
solved 8 14:40 jinyi-3 A1 small 地下车库入口灯全灭，倒车看不见。
solved 7 09:05 wangtan-3 C4 small 装修垃圾堆在消防通道边上三天没人运。
answered 26 10:05 jinyi-1 J1 small 想问社区食堂老年餐怎么办卡，要带什么。
answered 19 09:30 jingyi-4 J1 small 问独生子女费今年在哪领。
answered 11 15:20 zhujidong-1 J1 small 问居住证到期前多久可以换。
answered 3 10:50 yongshun-1 J1 small 问冬季养老服务上门要找谁登记。
unrated 28 09:00 wangtan-1 E3 small 小区东门路面塌了一个坑，下雨看不见。
unrated 23 15:00 jingyi-2 C2 small 厨余桶两天没收，招苍蝇。
unrated 17 10:40 jinyi-3 A6 small 对讲机坏了半个月，客人来了要下楼开门。
redone 25 09:15 zhujidong-2 B6 small 3 号院化粪池冒溢，院里没法走。
redone 16 11:20 wangtan-2 F1 small 楼下烧烤店排风机半夜还响。
refused 21 10:30 jingyi-1 J4 small 和邻居的借款纠纷想请社区判一下。
withdrawn 14 16:00 jinyi-2 H1 small 楼上走路声音大，想请人说一说。
grid_now 1 09:20 zhujidong-3 B7 small 5 层管道井墙面往外渗水，地板泡起来了，楼下也有印子。
grid_now 1 14:15 wangtan-3 C3 small 2 单元一到三层楼道堆物，婴儿车推不过去。
grid_now 2 08:40 jinyi-1 A2 small 顶层屋面漏水，厨房天花板掉皮。
grid_now 2 10:10 jingyi-4 E6 small 活动站门口两盏路灯不亮。
grid_now 1 16:20 yongshun-2 C6 small 楼东侧私搭菜园，把管井盖住了。
grid_now 2 15:45 jingyi-3 H2 small 电梯间灯箱漏电，物业说等厂家。
grid_now 3 09:00 wangtan-1 A6 small 3 号楼门禁卡刷不开，老人进不了门。
grid_now 1 11:35 zhujidong-1 H6 small 有人在楼道里养两只大型犬，半夜叫。
waiting_grid 0 08:35 jinyi-2 D2 small 三层外扩护栏往下掉铁锈。
waiting_grid 0 09:10 jingyi-2 C1 small 垃圾桶旁边有人扔旧床垫。
waiting_grid 1 17:10 yongshun-1 E5 small 北门一下雨就积水，推轮椅过不去。
waiting_grid 1 16:50 wangtan-2 G5 small 架空线垂到二楼，风一吹打窗框。
paused 2 09:30 zhujidong-3 A6 small 5 号楼单元门禁坏了，打不开也锁不上。
paused 3 14:20 jingyi-1 A2 small 卫生间顶上滴水，不知道楼上哪家。
late_grid 4 09:50 wangtan-1 B6 small 地下车库喷淋管滴水，地上一直湿。
late_grid 4 11:10 zhujidong-3 B6 small 4 号楼下水堵了返水，三户不能用厨房。
late_grid 4 15:05 jingyi-4 C7 small 地下室蚊子多，冬天还有。
supervised_grid 5 09:10 wangtan-1 D2 small 二层私装外扩护栏，挡了楼上采光。
supervised_grid 5 14:00 jinyi-2 F3 small 热水器排烟口正对阳台，开窗就呛。
supervised_grid 6 10:25 zhujidong-1 D3 small 早市占道，早上救护车开不进来。
escalated 9 09:40 jingyi-2 F1 small 楼下商户电梯噪声，一天响十几个小时。
escalated 8 10:30 jinyi-3 H3 small 物业费涨了没人解释，问了三次没回。
escalated_then 13 09:20 wangtan-3 E1 small 小区车位只剩外来车，晚上回来没地方停。
escalated_then 12 15:10 zhujidong-2 D5 small 2 单元一套房隔成七间出租。
sent_up 11 09:35 jingyi-1 I6 small 活动场地不够用，下棋和跳舞的老吵。
sent_up 9 14:45 zhujidong-1 D3 hard 门口早市占道，管了又回来。
sent_up 7 10:00 jinyi-1 H2 hard 物业撤了两个保安，大门晚上没人看。
sent_up 5 11:15 yongshun-2 C5 small 老槐树枯枝往下掉，砸过一辆车。
community_late 11 09:15 wangtan-2 F3 small 餐馆油烟直排进楼道，衣服都不能晾。
community_late 10 14:30 jingyi-4 H1 small 两家为楼道鞋柜闹了一个月，见面就吵。
extended 8 09:00 jinyi-3 B5 hard 西边户暖气不热，室温十五度。
extended_asked 9 10:20 jingyi-3 H2 hard 电梯维保换了三家，故障还是一周两次。
topic_lead 14 09:30 yongshun-1 B4 big 永顺北街一号楼盼着接通市政燃气，没电梯，一罐气六十斤都是老人帮老人抬。
topic_join 12 10:40 yongshun-1 B4 big 一号楼三层住户，也想装管道燃气，用罐气不放心。
topic_join 11 15:25 yongshun-2 B4 big 邻楼都通气了，我们这栋还在换气罐。
topic_own 15 09:05 jinyi-2 E1 big 金邑水岸要不要把草坪改成停车位，两边意见很大。
to_street 13 09:45 zhujidong-2 E5 hard 铁路涵洞一下雨就淹，车和人都过不去。
to_street 11 10:35 wangtan-3 A3 hard 外墙瓷砖空鼓，去年掉过一块。
dispatched 20 09:20 zhujidong-1 B6 hard 3 号院下水主管道坍塌，要开挖改管，一家办不了。
dispatched 18 14:10 jinyi-3 F1 hard 楼顶通信机柜嗡嗡响，整夜睡不着。
dispatched 16 10:55 wangtan-1 E7 hard 充电桩车位总被油车占，想请消防和物业一起定规矩。
dispatched_done 24 09:50 jingyi-2 G1 hard 消火栓没水，检查了两次没修。
dispatched_late 26 11:05 zhujidong-3 D1 hard 一层住户搭建彩钢房堵了消防门。
dispatched_late 25 15:40 jingyi-3 E3 hard 景翼北路人行道塌陷，绕行半年了。
sent_back_task 12 09:25 wangtan-2 G5 hard 废弃通信线缆缠在树上，下雪要压断。
listed 27 10:00 zhujidong-2 A5 hard 老旧职工家属院想加装电梯，一楼两户不同意。
listed 22 14:20 yongshun-2 E1 hard 院里没有一个车位，旁边空地产权在铁路单位。
appealed 9 09:35 jinyi-1 B7 small 管道井返潮三年，修了又返。
emergency_done 21 19:20 wangtan-3 B3 quick 楼道里有煤气味，三层最重。
emergency_done 9 22:10 jingyi-1 G4 quick 对门独居老人两天没出门，敲门不应，电话没人接。
emergency_done 4 06:50 zhujidong-2 E4 quick 院门口井盖没了，天黑看不见。
emergency_now 0 -70 yongshun-2 B3 quick 一层有燃气味，开窗也散不掉。
patrol 17 09:10 zhujidong-1 C3 small 巡查发现 1 号楼顶层堆放旧沙发，已拍照。
patrol 9 15:35 wangtan-2 D4 small 巡查发现北墙新贴小广告二十多处。
patrol 2 09:55 jingyi-3 G1 small 巡查发现灭火器压力不足三具。
hotline 10 11:30 jinyi-3 E2 small 热线转来：消防通道长期停私家车。
hotline 5 09:45 yongshun-1 C2 small 热线转来：大件垃圾约了两次没来收。
hotline 2 14:35 zhujidong-3 H3 small 热线转来：停车费单据对不上。
council 12 10:00 jingyi-4 H5 hard 议事会提出：屋面维修要动维修资金，材料怎么备。
council 6 15:15 wangtan-3 I5 small 议事会提出：想在底商设一个助餐点。
checking 2 09:30 jinyi-2 C1 small 装修袋装垃圾堆在单元门口。
checking 3 10:20 jingyi-1 A1 small 五层感应灯长亮不灭。
confirming 3 09:25 zhujidong-1 C5 small 绿篱没人修，挡住路口视线。
confirming 4 14:50 yongshun-1 E6 small 单元门口灯罩掉了，怕伤人。
"""
TOLD = tuple(
    Told(life, int(days), time, grid, category, kind, text)
    for life, days, time, grid, category, kind, text in (line.split(" ", 6) for line in _TABLE.strip().splitlines())
)

# What handlers write; a line takes the one of its turn, so neighbours do not read alike.
CONTACTED = (
    "打过电话，约了今天下午上门看。",
    "和居民通了话，说清楚了先后和时间。",
    "上门见了人，拍了现场，先放了警示牌。",
    "电话说不清，约了傍晚在现场碰头。",
)
PROGRESS = (
    "物业答应明天带人来，材料已经订了。",
    "看过现场，要先关总阀，正和几户约时间。",
    "找到了管事的单位，等对方回准信。",
    "两边都听了一遍，分歧主要在费用。",
)
DONE = (
    "已经修好，居民当面试过，没问题。",
    "清走了，现场冲洗过，墙上贴了提示。",
    "换了新的，留了报修电话。",
    "说通了，两边签了字，周末再去看一次。",
)
UP_DONE = (
    "上门三次，物业和两家单位都找过，管网不归网格管，费用也定不下来。",
    "现场看过两回，产权单位在外区，联系了没有回音，网格这边没有权限。",
)
STREET_DONE = (
    "社区开过两次协调会，方案有了，要产权单位和职能部门一起出钱出人。",
    "请物业、产权单位来过，各说各的，社区没有执法权，需要街道派单。",
)
