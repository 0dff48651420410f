"""The names and trades that the world is drawn from. All invented; a likeness to real places is chance."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The white-space separated words of `text`."""
    return tuple(text.split())


MONTHS = words("January February March April May June July August September October November December")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ISLANDS = ("Orla", "Bresk", "Tamsin", "Hollen", "Quill", "Maroway")
HILLS = ("Goat Head", "Old Anna", "the Three Chairs", "Windcap", "the Long Back", "Signal Hill")
LANDSCAPES = (
    "green and low",
    "high and stony",
    "covered with pine woods",
    "full of small lakes",
    "ringed by white cliffs",
    "bordered by black sand",
)
TOWNS = words(
    "Velmar Ostrin Kellow Dunmere Pellan Brixa Tarrow Lomby Fennick Garsund Wyle Corvane Ashel Nettin Rookby Sandrow "
    "Umber Yarrin"
)
RIVERS = words("Alder Tive Morrow Sill Wenna Carrow Lisk Brenn Oxley Farle Pirrin Istle")
SIDES = ("northern", "southern", "eastern", "western")
# gerund, makers, product (plural), material, workshop
CRAFTS = (
    ("rope making", "rope makers", "ropes", "hemp", "ropewalk"),
    ("pottery", "potters", "bowls", "red clay", "pottery"),
    ("weaving", "weavers", "blankets", "wool", "weaving hall"),
    ("boat building", "boat builders", "boats", "oak", "boatyard"),
    ("glass blowing", "glass blowers", "lamps", "white sand", "glasshouse"),
    ("basket making", "basket makers", "baskets", "willow", "willow shed"),
    ("paper making", "paper makers", "notebooks", "flax", "paper mill"),
    ("bell casting", "bell founders", "bells", "bronze", "foundry"),
    ("candle making", "candle makers", "candles", "beeswax", "candle house"),
    ("cheese making", "cheese makers", "cheeses", "goat milk", "dairy"),
    ("clock making", "clock makers", "clocks", "brass", "clock room"),
    ("dyeing", "dyers", "scarves", "coloured yarn", "dye house"),
    ("shoe making", "shoe makers", "boots", "leather", "shoe shop"),
    ("salt making", "salt makers", "salt blocks", "sea water", "salt house"),
    ("soap making", "soap makers", "soaps", "seaweed ash", "soap house"),
    ("stone carving", "stone carvers", "millstones", "granite", "stone yard"),
    ("bee keeping", "bee keepers", "honey jars", "heather honey", "bee garden"),
    ("map drawing", "map makers", "maps", "ink", "map room"),
)
FESTIVALS = (
    ("Lantern Night", "people carry paper lanterns down to the water"),
    ("Kite Day", "children let kites fly from the hills"),
    ("the Bread Fair", "bakers give away a loaf to every guest"),
    ("Bell Day", "all the bells ring for one whole hour"),
    ("Apple Morning", "apples are pressed in the main square"),
    ("Oar Day", "families race in rowing boats"),
    ("the Snow Supper", "neighbours eat together at one long table"),
    ("Drum Night", "drummers walk through the streets until dawn"),
    ("the Flower Walk", "everyone wears a crown of flowers"),
    ("Candle Night", "a candle stands in every window"),
    ("the Net Feast", "the first fish of the season are shared"),
    ("Story Day", "old people tell stories on the steps of the school"),
    ("the Wool Fair", "sheep with painted horns walk through the gate"),
    ("Swan Day", "the swans on the river are counted and fed"),
    ("the Stone Dance", "couples dance around a ring of old stones"),
    ("Song Night", "choirs sing from boats on the river"),
    ("the Honey Fair", "new honey is tasted and judged"),
    ("Star Watch", "all lamps are put out and people look at the sky"),
)
DISHES = (
    ("barley soup", "barley", "carrots", "thyme"),
    ("onion tart", "onions", "cream", "nutmeg"),
    ("bean stew", "white beans", "tomatoes", "sage"),
    ("fish soup", "cod", "potatoes", "dill"),
    ("plum cake", "plums", "flour", "cinnamon"),
    ("oat bread", "oats", "buttermilk", "salt"),
    ("herring salad", "herring", "beets", "mustard"),
    ("pumpkin pie", "pumpkin", "eggs", "ginger"),
    ("mussel stew", "mussels", "leeks", "parsley"),
    ("rye dumplings", "rye bread", "milk", "chives"),
    ("cherry pudding", "cherries", "semolina", "vanilla"),
    ("potato pancakes", "potatoes", "onions", "apple sauce"),
    ("nettle soup", "young nettles", "potatoes", "garlic"),
    ("cheese dumplings", "goat cheese", "flour", "pepper"),
    ("apple bread", "apples", "wheat flour", "honey"),
    ("lentil stew", "lentils", "carrots", "vinegar"),
    ("cabbage rolls", "cabbage", "rice", "caraway"),
    ("mushroom pie", "mushrooms", "pastry", "rosemary"),
)
LANDMARKS = (
    "an old lighthouse",
    "a long stone bridge",
    "a round tower",
    "a wooden windmill",
    "a water clock",
    "a long white pier",
    "a copper dome",
    "a walled garden",
    "a great elm tree",
    "a blue gate",
    "a glass market hall",
    "a stair cut into the rock",
    "a rope bridge",
    "a giant sundial",
    "a library with a green door",
    "a boat house on stilts",
    "an ancient bath house",
    "a ring of standing stones",
)
FLAGS = ("red", "blue", "green", "yellow", "white", "black", "orange", "violet", "brown")
FIRST = {
    "she": "Ada Celia Elke Greta Iris Kaya Mira Oda Petra Runa Tova Ulla Wanda Zella Berit Dora Frida Hedda Jana "
    "Lena Signe Thea",
    "he": "Bram Davin Fenn Hale Joren Linus Nils Quin Silas Viktor Yorick Anton Casper Emil Gustav Ivo Konrad Marten "
    "Osk Rolf Otto Ulf",
}
LAST = words(
    "Tarn Holt Vessel Crane Marsh Ferrow Pike Linden Oake Sand Wick Rowan Thorne Bell Hollow Reed Stone Lark Fisk Moor "
    "Gray Finch"
)
JOBS = (
    ("a teacher", "opening the first night school"),
    ("a doctor", "curing the marsh fever"),
    ("a ship captain", "sailing around all six islands in one day"),
    ("a poet", "writing the poem The Quiet Tide"),
    ("a gardener", "planting the thousand pear trees"),
    ("a baker", "inventing the seven day bread"),
    ("a judge", "ending the war of the goats"),
    ("a musician", "composing the Song of the Ferries"),
    ("a painter", "painting the sea in a hundred colours"),
    ("an engineer", "building the turning bridge"),
    ("an astronomer", "discovering the comet of the west"),
    ("a librarian", "saving the old books from the flood"),
    ("a diver", "finding the sunken bell"),
    ("a shepherd", "walking home from the ice with all the sheep"),
    ("a letter carrier", "delivering every letter for forty years"),
    ("a printer", "printing the first island newspaper"),
    ("a carpenter", "making the great wheel of the mill"),
    ("a cook", "feeding the islands in the hungry winter"),
    ("a botanist", "drawing every plant of the islands"),
    ("a weather watcher", "foretelling the great storm"),
)
# name, flower colour, habitat, use, what there would be none of
PLANTS = (
    ("silverwort", "white", "on old walls", "making tea against a cough", "cough tea"),
    ("moonbell", "pale blue", "in the shade of pine trees", "making a sleep tea", "sleep tea"),
    ("emberroot", "red", "on dry hills", "dyeing wool red", "red wool"),
    ("lanternflower", "orange", "beside streams", "making ink", "good ink"),
    ("saltberry", "pink", "on salt meadows", "cooking jam", "island jam"),
    ("windmint", "violet", "on windy cliffs", "washing clothes", "fresh linen"),
    ("star fern", "green", "in wet caves", "healing burns", "burn ointment"),
    ("duskrose", "dark red", "along garden fences", "making perfume", "island perfume"),
    ("honeyreed", "golden", "at the edge of lakes", "feeding bees", "summer honey"),
    ("marsh lily", "yellow", "in shallow ponds", "cleaning water", "clear ponds"),
    ("tide grass", "grey", "on the beach", "covering roofs", "tight roofs"),
    ("stonecap", "brown", "between rocks", "seasoning soup", "winter soup"),
    ("blue sedge", "blue", "in ditches", "weaving mats", "soft mats"),
    ("sailor's thyme", "lilac", "on sandy paths", "keeping moths away", "clean wardrobes"),
)
TOOLS = (
    ("net needle", "mending fishing nets", "bone"),
    ("tide gauge", "measuring the height of the water", "copper"),
    ("wool comb", "combing raw wool", "horn"),
    ("hand drill", "boring holes in wood", "steel"),
    ("clay wheel", "shaping bowls", "oak"),
    ("salt rake", "gathering salt", "ash wood"),
    ("bell hammer", "testing the sound of bells", "bronze"),
    ("bee smoker", "calming bees", "tin"),
    ("cheese press", "pressing fresh cheese", "maple"),
    ("rope hook", "twisting ropes", "iron"),
    ("star compass", "finding the way at night", "brass"),
    ("glass pipe", "blowing hot glass", "nickel"),
)
FERRIES = (
    ("Grey Heron", "grey"),
    ("Red Anchor", "red"),
    ("Morning Star", "white"),
    ("Patient Anna", "green"),
    ("White Swan", "white and gold"),
    ("Old Thistle", "violet"),
)
ANIMALS = (
    ("sand fox", "a pale coat and very large ears", "beetles and berries", "after sunset"),
    ("reed owl", "round yellow eyes and striped wings", "mice", "at night"),
    ("ring goose", "a black ring around the neck", "sea grass", "in the morning"),
    ("stone crab", "one claw that is larger than the other", "mussels", "at low tide"),
    ("marsh pony", "a thick mane and broad hooves", "reeds", "during the day"),
    ("lamp moth", "wings that shine in the dark", "nectar", "around midnight"),
    ("grey otter", "a flat tail and a white chin", "small fish", "at dawn"),
    ("tide hare", "long legs and a grey back", "salt herbs", "in the evening"),
    ("hill goat", "curved horns and a red beard", "thorns and moss", "before noon"),
    ("bell frog", "a green back and a golden throat", "flies", "after rain"),
)

# How the names are written where another script is used: Greek, Russian, Chinese, Japanese.
NATIVE_NAMES: dict[str, tuple[str, str, str, str]] = {
    "Velmar": ("Βέλμαρ", "Вельмар", "维尔马", "ヴェルマー"),
    "Ostrin": ("Όστριν", "Острин", "奥斯林", "オストリン"),
    "Kellow": ("Κέλοου", "Келлоу", "凯洛", "ケロウ"),
    "Dunmere": ("Ντάνμερ", "Данмир", "邓米尔", "ダンミア"),
    "Pellan": ("Πέλαν", "Пеллан", "佩兰", "ペラン"),
    "Brixa": ("Μπρίξα", "Брикса", "布里萨", "ブリクサ"),
    "Tarrow": ("Τάροου", "Тарроу", "塔罗", "タロウ"),
    "Lomby": ("Λόμπι", "Ломби", "隆比", "ロンビー"),
    "Fennick": ("Φένικ", "Фенник", "芬尼克", "フェニック"),
    "Garsund": ("Γκάρσουντ", "Гарсунд", "加松德", "ガルスンド"),
    "Wyle": ("Γουάιλ", "Уайл", "怀尔", "ワイル"),
    "Corvane": ("Κορβέιν", "Корвейн", "科文", "コルヴェイン"),
    "Ashel": ("Άσελ", "Ашель", "阿舍尔", "アシェル"),
    "Nettin": ("Νέτιν", "Неттин", "内廷", "ネッティン"),
    "Rookby": ("Ρούκμπι", "Рукби", "鲁克比", "ルークビー"),
    "Sandrow": ("Σάντροου", "Сандроу", "桑德罗", "サンドロウ"),
    "Umber": ("Άμπερ", "Амбер", "安伯", "アンバー"),
    "Yarrin": ("Γιάριν", "Яррин", "亚林", "ヤリン"),
    "Orla": ("Όρλα", "Орла", "奥拉", "オルラ"),
    "Bresk": ("Μπρεσκ", "Бреск", "布雷斯克", "ブレスク"),
    "Tamsin": ("Τάμσιν", "Тамсин", "塔姆辛", "タムシン"),
    "Hollen": ("Χόλεν", "Холлен", "霍伦", "ホレン"),
    "Quill": ("Κουίλ", "Квилл", "奎尔", "クイル"),
    "Maroway": ("Μάρογουεϊ", "Маровей", "马罗韦", "マロウェイ"),
}
