"""The texts and examples of the triples tab."""

from demos._outcome import Example
from demos._words import say

BOOK = (
    "《活着》是余华创作的长篇小说，后来由张艺谋导演拍成同名电影，葛优、巩俐主演。"
    "余华出生于浙江杭州，毕业于北京师范大学。"
)
FAMILY = "曹操的儿子曹丕建立魏国，曹植是曹丕的弟弟；曹丕的妻子是甄氏，他们的儿子叫曹叡。"
SONG = "《青花瓷》是周杰伦演唱的歌曲，由方文山作词、周杰伦作曲，收录在专辑《我很忙》中。"
FIRM = "华为技术有限公司成立于1987年，总部位于广东深圳，创始人是任正非。"
FILM = "电影《霸王别姬》由陈凯歌执导，张国荣、巩俐、张丰毅主演。"
NOVEL = "《边城》的作者是沈从文。"
LINES = "\n".join(
    (
        BOOK.partition("。")[0] + "。",
        SONG,
        FIRM,
        "鲁迅，原名周树人，浙江绍兴人，代表作有《呐喊》《彷徨》。",
        FILM,
        "周杰伦的妻子昆凌出生于台北。",
    )
)
TAUGHT = "他随手翻开《北窗集》，想起了顾北。那晚的音乐会上，林间唱了《远山》，全场安静。"
TAUGHT_FACTS = "北窗集 | 作者 | 顾北\n远山 | 歌手 | 林间"
SONG_FACTS = "\n".join(
    (
        "青花瓷 | 歌手 | 周杰伦",
        "青花瓷 | 作词 | 方文山",
        "青花瓷 | 作曲 | 周杰伦",
        "青花瓷 | 所属专辑 | 我很忙",
        "青花瓷 | 主题曲 | 周杰伦",
    )
)

EXTRACT = [
    Example(
        say("一主多宾", "one subject, many objects"),
        {"text": "电视剧《琅琊榜》由孔笙、李雪执导，胡歌、刘涛、王凯主演。"},
    ),
    Example(
        say("多主一宾", "many subjects, one object"),
        {"text": "《呐喊》和《彷徨》都是鲁迅的小说集。"},
    ),
    Example(
        say("一对两谓", "one pair, two predicates"),
        {"text": SONG},
        say("“周杰伦”既是歌手又是作曲", "周杰伦 is singer and composer"),
    ),
    Example(
        say("互相重叠", "overlap"),
        {"text": FAMILY},
        say(
            "同一个人在一处作主语、在另一处作宾语",
            "one person is a subject here and an object there",
        ),
    ),
    Example(say("公司", "a company"), {"text": FIRM}),
    Example(say("只看两种谓词", "two predicates only"), {"text": SONG, "predicates": "作词 作曲"}),
    Example(
        say("补一个主语", "force a subject"),
        {
            "text": "周树人笔名鲁迅，浙江绍兴人，《狂人日记》发表于1918年。",
            "subjects": "狂人日记\n周树人",
        },
        say("第一级没认出时，自己指定", "name it when stage one misses it"),
    ),
    Example(
        say("表情与全角", "emoji and full width"),
        {"text": "😀《Ｈｅｒｏ》是张艺谋👩‍🔬执导的电影，\n主演：　李连杰、梁朝伟。"},
        say("偏移仍是 Python 切片", "offsets are still Python slices"),
    ),
    Example(
        say("失败：没有这类关系", "failure: no such relation"),
        {"text": "今天下了一场大雨，我们都没有出门，在家里喝茶聊天。"},
        say("看最接近的几条差多少", "see how near the nearest misses came"),
    ),
    Example(
        say("失败：否定", "failure: denial"),
        {"text": "这部《远山》不是张艺谋导演的，余华也没有担任编剧。"},
        say("模型很少见到否定句", "the model has rarely seen a denial"),
    ),
    Example(say("失败：没有文字", "failure: empty"), {"text": "  "}),
]

TEACH = [
    Example(
        say("歌与歌手", "songs and singers"),
        {
            "text": "昨晚的音乐会上，林间唱了《远山》，全场安静。",
            "facts": "远山 | 歌手 | 林间",
        },
    ),
    Example(
        say("书与作者", "books and authors"),
        {"text": "架上有一本《北窗集》，旁边是顾北的照片。", "facts": "北窗集 | 作者 | 顾北"},
        say(
            "句子里没说谁写的，先验知道",
            "the sentence does not say who wrote it; the prior knows",
        ),
    ),
    Example(
        say("家族", "a family"),
        {"text": FAMILY, "facts": "曹植 | 父亲 | 曹操\n曹叡 | 父亲 | 曹丕"},
    ),
    Example(
        say("JSON 也行", "JSON too"),
        {"text": FIRM, "facts": '[{"s": "华为技术有限公司", "p": "创始人", "o": "任正非"}]'},
    ),
    Example(
        say("失败：文中没有", "failure: not in the text"),
        {"text": FIRM, "facts": "小米 | 创始人 | 雷军"},
        say("先验只认文中的字符串", "the prior only sees strings of the text"),
    ),
    Example(
        say("失败：没有这个谓词", "failure: no such predicate"),
        {"text": FIRM, "facts": "华为 | 喜欢 | 深圳"},
    ),
]

CHECK = [
    Example(
        say("电影", "a film"),
        {
            "text": FILM,
            "expected": "霸王别姬 | 导演 | 陈凯歌\n霸王别姬 | 主演 | 张国荣\n"
            "霸王别姬 | 主演 | 巩俐\n霸王别姬 | 主演 | 张丰毅",
        },
    ),
    Example(
        say("书名号不计", "title marks do not count"),
        {"text": NOVEL, "expected": "《边城》 | 作者 | 沈从文"},
    ),
    Example(
        say("数据集格式", "a data set's format"),
        {
            "text": FIRM,
            "expected": '{"spo_list": [{"s": "华为技术有限公司", "p": "成立日期", "o": "1987年"}, '
            '{"s": "华为技术有限公司", "p": "创始人", "o": "任正非"}]}',
        },
    ),
    Example(
        say("阈值很低", "very low thresholds"),
        {
            "text": FAMILY,
            "expected": "曹丕 | 父亲 | 曹操\n曹丕 | 妻子 | 甄氏\n曹叡 | 父亲 | 曹丕\n"
            "甄氏 | 丈夫 | 曹丕\n曹叡 | 母亲 | 甄氏",
            "subject": 0.1,
            "object": 0.05,
            "triple": 0.0,
        },
        say("召回率换掉了准确率", "recall paid for with precision"),
    ),
    Example(
        say("失败：文中没有宾语", "failure: object not in the text"),
        {"text": NOVEL, "expected": "边城 | 作者 | 老舍"},
    ),
    Example(
        say("失败：读不懂的一行", "failure: an unreadable line"),
        {"text": NOVEL, "expected": "边城 沈从文"},
    ),
]

BATCH = [
    Example(
        say("一家人", "a family"),
        {"lines": FAMILY.replace("；", "\n").replace("，他", "\n他")},
    ),
    Example(
        say("电影与演员", "films and actors"),
        {
            "lines": "《英雄》由张艺谋执导，李连杰、梁朝伟主演。\n"
            "《花样年华》由王家卫执导，梁朝伟、张曼玉主演。\n"
            "《甜蜜蜜》由陈可辛执导，黎明、张曼玉主演。"
        },
        say("共同的演员把三部片连起来", "shared actors tie three films together"),
    ),
    Example(
        say("JSON 行", "JSON lines"),
        {"lines": f'{{"id": 1, "text": "{NOVEL}"}}\n{{"id": 2, "text": "沈从文，湖南凤凰人。"}}'},
    ),
    Example(say("空行", "blank lines"), {"lines": f"{FIRM}\n\n   \n{SONG}"}),
    Example(
        say("失败：没有关系", "failure: no relations"),
        {"lines": "今天天气很好。\n我们去散步吧。"},
    ),
    Example(say("失败：没有文字", "failure: empty"), {"lines": "\n\n"}),
]
