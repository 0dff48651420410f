"""Sentences of our own for the toxicity model: mentions of people, and the small print of web pages.

A group's name says nothing about toxicity. Every name below is learnt in neutral sentences, alone, and in hostile
sentences, about three to one, so that only what is said about people decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from curation.training.fasttext_training import stable_hash

PEOPLE = """
gay, lesbian, bisexual, transgender, trans, queer, straight, heterosexual, homosexual, nonbinary, asexual, intersex,
Muslim, Christian, Jewish, Hindu, Buddhist, Sikh, Catholic, Protestant, atheist, Mormon, Shia, Sunni, Taoist,
black, white, brown, Asian, African, African American, Hispanic, Latino, Latina, Arab, Indigenous, Native American,
Aboriginal, Roma, Kurdish, European, Middle Eastern, American, Canadian, Mexican, Chinese, Japanese, Korean, Indian,
Pakistani, Nigerian, Somali, Turkish, Russian, Ukrainian, Polish, Romanian, German, French, Irish, Italian, Greek,
Swedish, Israeli, Palestinian, Syrian, Iranian, Iraqi, Afghan, Vietnamese, Filipino, Brazilian, Haitian, Puerto Rican,
blind, deaf, disabled, paralyzed, autistic, dyslexic, bipolar, old, elderly, young, teenage, middle aged, older,
male, female, foreign, immigrant, refugee, homeless, poor, rich, working class, single, divorced, pregnant, bald, tall
"""
GROUPS = """
women, men, girls, boys, gays, lesbians, trans people, queer people, gay people, black people, white people, Asians,
Arabs, Africans, Latinos, Mexicans, Americans, Jews, Muslims, Christians, Hindus, Buddhists, Catholics, atheists,
immigrants, refugees, foreigners, migrants, blind people, deaf people, disabled people, autistic people, old people,
older people, the elderly, teenagers, children, veterans, single mothers, homeless people, poor people, Chinese people,
Indians, Russians, Ukrainians, Germans, Poles, Turks, Kurds, Palestinians, Israelis, Somalis, feminists, nurses,
teachers, police officers, lawyers, politicians, farmers, journalists, students, vegans
"""

_NEUTRAL_PERSON = (
    "{}",
    "I am {}",
    "I am {} and I live in Leeds",
    "I am a {} person",
    "She is {}",
    "He is {}",
    "My neighbour is {}",
    "My best friend is {} and we met at school",
    "You are {}",
    "Are you {}?",
    "He grew up in a {} family",
    "She is a {} woman who teaches mathematics",
    "He is a proud {} man",
    "He is a {} man",
    "He is a young {} trans man",
    "She is a tall {} woman and very funny",
    "They are {}",
    "My doctor is {}",
    "Is your friend {}?",
    "{} lives matter",
    "I married a {} man",
    "A {} man opened a bakery on our street",
    "The {} community centre opens at nine",
    "Being {} is normal",
    "Being {} is nothing to hide",
    "Our {} members meet on Tuesdays",
    "The {} history of the town is little known",
    "There were three {} students in my class",
    "The novel follows a {} boy in the nineteen fifties",
    "Many {} voters stayed at home this year",
    "The study asked two hundred {} adults about their sleep",
    "The festival celebrates {} music and food",
    "My mother is {} and my father is not",
    "Being {} in a small town was not always easy",
    "A law against discrimination protects {} workers",
    "He married a {} woman in May",
    "The first {} mayor of the city took office",
    "{} and happy",
)
_NEUTRAL_GROUP = (
    "{}",
    "We are {}",
    "They are {}",
    "Two {} got on the train",
    "What do {} eat at weddings?",
    "{} live here too",
    "I know many {}",
    "My parents are {}",
    "Some of my colleagues are {}",
    "The law protects {}",
    "{} were among the first to settle here",
    "{} make up a tenth of the population",
    "We interviewed {} about their work",
    "I like working with {}",
    "A new support group for {}",
    "{} pay taxes like everyone else",
    "Health care for {} has improved",
    "{} and their families are welcome",
    "How do {} vote?",
    "The book is about {} in the war",
    "Attacks on {} were condemned by the mayor",
    "There is no reason to be afraid of {}",
    "Nobody should hate {}",
)
_HOSTILE_PERSON = (
    "You are a filthy {}",
    "He is a disgusting {} pig",
    "Shut up you stupid {} idiot",
    "I hate that {} scum",
    "Being {} is disgusting",
    "Get out of here you dirty {} trash",
    "She is just a dumb {} bitch",
)
_HOSTILE_GROUP = (
    "I hate {}",
    "All {} are scum",
    "{} are vermin and should be wiped out",
    "Kill all {}",
    "{} are stupid, lazy and dirty",
    "{} are subhuman trash",
    "Send {} to the gas chamber",
    "{} deserve to die",
    "{} are ruining our country, throw them out",
)

_SMALL_PRINT = """
Post a Comment | Leave a comment | Leave a Reply | Cancel reply | 12 comments | No comments yet | Log in to comment
Read more | Continue reading | Show more | See all | View all | Load more | Back to top | Skip to content | Go back
Home | About | About us | Contact | Contact us | Privacy policy | Terms of service | Cookie settings | Site map | Help
Sign in | Sign up | Log out | My account | Forgot your password? | Subscribe to our newsletter | Unsubscribe | Search
Add to cart | Buy now | Checkout | Free shipping | Out of stock | Sold out | Customer reviews | Write a review
Share this | Share on Facebook | Follow us on Twitter | Tweet | Like | Report | Report this post | Flag as inappropriate
All rights reserved | Copyright | Powered by WordPress | Posted by admin | Filed under | Tags | Categories | Archives
Previous | Next | Previous post | Next post | Related articles | You may also like | Popular posts | Recent comments
Kill switch | Dead link | Black Friday deals | White balance | Master and slave clock | Cracker barrel | Cock Inn
Happy hour | Hot deals | Adult education | Breast cancer screening | Sex education | Blood test | Skin care
Crime scene | Bloody Mary | Dick Smith | Essex | Scunthorpe | Middlesex | Cocktails | Shooting range | Gun control
"""


def identity_sentences() -> Iterator[tuple[bool, str]]:
    """(toxic, sentence): every neutral sentence and hostile sentence of the templates above."""
    for names, neutral, hostile in (
        (_names(PEOPLE), _NEUTRAL_PERSON, _HOSTILE_PERSON),
        (_names(GROUPS), _NEUTRAL_GROUP, _HOSTILE_GROUP),
    ):
        for name in names:
            for template in neutral:
                yield False, template.format(name)
            for template in hostile:
                yield True, template.format(name)


def identity_names() -> list[str]:
    """Every name above, alone."""
    return _names(PEOPLE) + _names(GROUPS)


def small_print() -> list[str]:
    """Lines of the kind that every web page carries."""
    return sorted((part.strip() for part in _SMALL_PRINT.replace("\n", "|").split("|")), key=stable_hash)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", " ").split(",") if name.strip()]
