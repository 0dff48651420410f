"""How pages are built: which sentences a paragraph may hold, how many pages there are, what they are called."""

from __future__ import annotations

from pipelines.demo.names import words

# A page is a list of paragraphs; a paragraph opens with a sentence of its first pool and goes on with any.
# (pools, fewest sentences, most sentences)
Paragraph = tuple[str, int, int]
PLANS: dict[str, tuple[Paragraph, ...]] = {
    "guide": (
        ("town.place town.people town.landmark town.road town.morning", 4, 6),
        ("town.craft town.market town.life town.life", 4, 6),
        ("town.morning town.life", 4, 6),
        ("town.dish town.visit town.visit", 4, 6),
        ("town.festival festival.story festival.story", 4, 6),
        ("town.history town.founder town.history", 3, 6),
        ("general.weather general.sea town.visit", 3, 5),
        ("town.visit town.flag closing", 3, 6),
    ),
    "history": (
        ("town.founder town.history town.history town.place", 4, 6),
        ("town.history town.history town.people", 4, 7),
        ("town.craft town.history craft.process", 4, 6),
        ("town.landmark town.history town.life", 4, 6),
        ("town.history town.morning town.road", 4, 7),
        ("general.sea town.history town.life closing", 3, 5),
    ),
    "festival": (
        ("town.festival festival.story festival.story", 4, 6),
        ("festival.story festival.story town.dish", 5, 7),
        ("town.place town.morning general.weather", 4, 6),
        ("festival.story town.craft craft.process", 4, 6),
        ("town.life town.morning", 4, 6),
        ("town.market town.visit closing", 3, 4),
    ),
    "craft": (
        ("town.craft town.place craft.process", 3, 5),
        ("craft.process", 5, 8),
        ("craft.process town.founder town.history", 4, 7),
        ("craft.future town.market town.life", 4, 7),
        ("town.morning town.life town.people", 4, 6),
        ("town.visit general.sea closing", 3, 4),
    ),
    "dish": (
        ("town.dish town.place town.morning", 3, 5),
        ("dish.recipe", 5, 8),
        ("dish.recipe dish.recipe town.market", 4, 7),
        ("town.life general.weather town.festival", 4, 6),
        ("town.history town.life", 4, 6),
        ("town.morning closing", 3, 4),
    ),
    "person": (
        ("person.deed person.home person.job person.life", 4, 6),
        ("person.life person.job person.life", 4, 7),
        ("person.life person.saying", 4, 6),
        ("town.place town.craft town.life town.morning", 4, 6),
        ("person.life person.saying person.life", 4, 7),
        ("town.festival town.history town.life", 3, 6),
        ("person.saying person.life closing", 2, 5),
    ),
    "plant": (
        ("plant.use plant.colour plant.look plant.place", 4, 5),
        ("plant.colour plant.bloom plant.use plant.tale", 4, 5),
        ("plant.care", 5, 8),
        ("plant.tale plant.look plant.care", 4, 6),
        ("general.weather general.sea", 3, 5),
        ("plant.bloom island.life island.life closing", 3, 6),
    ),
    "tool": (
        ("tool.use tool.material tool.story", 3, 5),
        ("tool.care", 5, 7),
        ("tool.story tool.material tool.story", 4, 7),
        ("tool.use tool.care town.craft craft.process", 4, 6),
        ("town.place town.life town.morning", 4, 6),
        ("tool.story craft.future closing", 2, 4),
    ),
    "journey": (
        ("ferry.route ferry.time journey.road journey.road", 4, 6),
        ("journey.road journey.road ferry.captain", 5, 7),
        ("town.place journey.road town.landmark town.morning", 4, 7),
        ("journey.road town.dish town.morning", 4, 7),
        ("town.life town.visit town.craft", 3, 6),
        ("ferry.days general.weather general.sea", 3, 5),
    ),
    "animal": (
        ("animal.look animal.food animal.life", 4, 5),
        ("animal.food animal.life animal.look animal.life", 5, 8),
        ("island.facts island.life island.life", 4, 6),
        ("animal.life", 4, 6),
        ("general.sea general.weather island.life", 3, 5),
        ("general.weather closing", 2, 3),
    ),
    "island": (
        ("island.facts island.life island.life", 4, 6),
        ("island.life", 5, 8),
        ("town.craft town.life town.morning", 4, 6),
        ("island.facts general.sea general.sea", 3, 5),
        ("island.life general.weather", 4, 7),
        ("general.sea closing", 2, 4),
    ),
    "news": (
        ("news.opening news.detail news.detail", 4, 6),
        ("news.detail news.detail town.people", 4, 7),
        ("news.detail town.market town.founder town.history", 4, 6),
        ("town.life town.morning general.weather", 3, 6),
        ("town.place town.road town.history", 3, 5),
    ),
    "tale": (
        ("tale.start", 1, 2),
        ("tale.middle", 5, 8),
        ("tale.middle general.weather", 4, 7),
        ("tale.middle", 3, 5),
        ("tale.end tale.end town.landmark", 2, 4),
        ("general.sea town.place closing", 2, 4),
    ),
    "letter": (
        ("letter.open", 1, 1),
        ("letter.middle town.morning letter.middle", 5, 8),
        ("letter.middle town.dish town.craft letter.middle", 4, 7),
        ("letter.middle town.life general.weather", 4, 6),
        ("letter.close", 1, 1),
    ),
    "questions": (
        ("town.place town.craft town.visit", 3, 5),
        ("town.life general.sea town.morning closing", 4, 7),
        ("town.history town.visit", 3, 6),
    ),
}
# Said at most once a paragraph; the other pools colour the page and may come again.
FACT_POOLS = frozenset(
    words(
        "town.place town.landmark town.people town.craft town.festival town.dish town.market town.founder town.road "
        "town.flag person.home person.job person.deed plant.colour plant.place plant.use plant.bloom animal.food "
        "tool.use tool.material ferry.route ferry.time ferry.captain ferry.days closing"
    )
)
# Pages of these kinds end with notes on other things: a sentence each, from the pools below.
BRIEF_KINDS = frozenset(words("guide history festival craft news"))
BRIEF_POOLS = words(
    "person.deed person.deed person.job plant.colour plant.colour plant.use tool.use animal.look animal.food "
    "animal.food ferry.time island.facts"
)
# The first paragraph and this many are always there; the others are drawn.
FEWEST_PARAGRAPHS = 4
SHARES = {
    "guide": 52, "history": 44, "festival": 46, "craft": 44, "dish": 38, "person": 60, "plant": 40, "tool": 30,
    "journey": 36, "animal": 26, "island": 18, "news": 38, "tale": 22, "letter": 34, "questions": 32,
}  # fmt: skip
TITLES = {
    "guide": ("A short guide to {town}", "{town} on foot", "What to see in {town}", "One day in {town}"),
    "history": ("How {town} came to be", "The past of {town}", "Old walls of {town}"),
    "festival": ("{festival_} in {town}", "{month} in {town}: {festival}", "The day of {festival}"),
    "craft": ("{craft_} in {town}", "With the {crafters} of {town}", "Inside the {workshop} of {town}"),
    "dish": ("{dish_} as they make it in {town}", "Cooking in {town}: {dish}", "How to cook {dish}"),
    "person": ("{name}", "A visit to {name}", "{name} of {home}"),
    "plant": ("{plant_}", "{plant_} in the garden", "The plants of {plantisland}: {plant}"),
    "tool": ("{toolname_}", "How to use {atool}", "Old tools: the {toolname}"),
    "journey": ("From {from} to {to} with the {ferry}", "A trip to {to}", "On board the {ferry}"),
    "animal": ("The {animal} of {animalisland}", "Meeting the {animal}", "Wild animals: the {animal}"),
    "island": ("The island of {isname}", "{isname} in all weathers", "A walk around {isname}"),
    "news": ("News from {town}", "{town}: this week", "{island} in brief: {town}"),
    "tale": ("A tale from {town}", "A story they tell in {town}", "An old tale of {island}"),
    "letter": ("A letter from {town}", "Written in {town}", "Post from {island}"),
    "questions": ("Questions about {town}", "{town}: short answers", "Asked and answered: {town}"),
}
LANGUAGE_CODES = {
    "german": "de", "french": "fr", "spanish": "es", "polish": "pl",
    "greek": "el", "russian": "ru", "chinese": "zh", "japanese": "ja",
}  # fmt: skip
SCRIPTS = ("greek", "russian", "chinese", "japanese")


FOREIGN_PLAN = (("lage alltag", 3, 5), ("alltag", 3, 5), ("geschichte", 3, 4), ("rat alltag", 3, 4), ("ende", 1, 1))
