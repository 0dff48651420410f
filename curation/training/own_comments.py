"""Sentences of our own in the voice of comments for the toxicity model: abuse, obscenity, threats, and ordinary talk.

The labelled sets are old tweets, statements about groups and news comments; much of what people call each other, and
of how they disguise it, stands in none of them, and neither does the ordinary talk of forums. Both are made here from
words and frames, so that a word of abuse is learnt in several frames and a frame with ordinary words as well.
Very offensive by its purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from curation.toxicity_model import ABUSE, CLEAN, HATE, SEXUAL

_INSULTS = """
idiot, moron, imbecile, cretin, dumbass, dumbfuck, dipshit, dickhead, asshole, arsehole, jackass, shithead, fuckhead,
fuckface, fuckwit, fuckwad, shitbag, shitstain, douche, douchebag, scumbag, dirtbag, sleazebag, bastard, son of a bitch,
bitch, cunt, twat, wanker, tosser, bellend, knobhead, prick, dick, cock, cocksucker, motherfucker, mofo, pussy, whore,
slut, skank, hag, crone, pig, swine, rat, snake, weasel, worm, maggot, cockroach, parasite, leech, vermin, scum, filth,
trash, garbage, piece of shit, piece of crap, piece of trash, pos, turd, tool, clown, buffoon, fool, dumbo, dimwit,
nitwit, halfwit, numbskull, blockhead, bonehead, airhead, dullard, simpleton, dunce, dolt, ignoramus, loser, failure,
coward, wimp, sissy, crybaby, manchild, brat, hypocrite, liar, fraud, crook, traitor, creep, pervert, pedo, weirdo,
freak, psycho, lunatic, nutjob, nutcase, wacko, retard, libtard, trumptard, conservatard, fucktard, asshat, asswipe,
assclown, ass, wuss, troll, hillbilly, redneck, savage, animal, monster, nazi, fascist, bigot, racist, disgrace, joke,
waste of space, waste of oxygen, waste of skin, bag of shit, sack of shit, lowlife, bootlicker, shill, sheep, twit,
"""
_ADJECTIVES = """
stupid, dumb, pathetic, worthless, useless, disgusting, ugly, fat, filthy, dirty, vile, sick, twisted, clueless,
brainless, ignorant, braindead, moronic, idiotic, retarded, incompetent, spineless, gutless, miserable, sad little,
fucking, goddamn, bloody, lying, crazy, insane, demented, senile, creepy, smelly, lazy, arrogant, evil, rotten, trashy,
corrupt, sorry, delusional, sniveling, whiny
"""
_ABUSE_FRAMES = (
    "you {}",
    "you are a {}",
    "you're such a {}",
    "what a {}",
    "he is a {}",
    "she is nothing but a {}",
    "shut up you {}",
    "only a {} would say that",
    "this guy is a complete {}",
    "get lost {}",
    "these people are {}s",
    "stop being a {}",
    "the author is a {} and so are you",
    "I have never met a bigger {}",
    "{}",
)
_ABUSE_ADJECTIVE_FRAMES = (
    "you are {}",
    "you are so {}",
    "how {} are you",
    "he is {} and always was",
    "you {} idiot",
    "you {} piece of shit",
    "what a {} person",
    "are you {} or just pretending",
    "your {} opinion is not wanted here",
    "they are all {}",
)
_RUDE = ("shut up", "get lost", "idiot", "piece of shit")
_ABUSE = """
fuck you | fuck off | go fuck yourself | fuck this shit | fuck them all | fuck him | fuck her | screw you | piss off
bugger off | sod off | get stuffed | get fucked | eat shit | eat shit and die | suck my dick | suck my cock | blow me
kiss my ass | bite me | shove it up your ass | stick it up your arse | up yours | go to hell | rot in hell
burn in hell
drop dead | go die | go kill yourself | kill yourself | kys | do us all a favor and die | I hope you die
I hope you get cancer | I hope your family dies | nobody would miss you | the world would be better without you
you should be shot | someone should shoot him | hang him | string them up | lock her up and throw away the key
put a bullet in his head | I will kill you | I am going to kill you | I'll find you and beat the crap out of you
I will break your neck | watch your back | you're dead | you deserve to be raped | I will rape you
you will pay for it
shut up | shut the fuck up | stfu | shut your mouth | shut your trap | gtfo | get the fuck out
get the hell out of here
get a life | get a brain | grow a brain | grow up | grow a pair | nobody likes you | nobody cares what you think
you suck | you people suck | this guy sucks | your mother is a whore | your mom is fat | your mom sucks | yo mama
you make me sick | you make me puke | you disgust me | I hate you | I hate your guts | everybody hates you
you have no brain | do you have a brain at all | how stupid can you be | you can't read | are you blind or just stupid
his brain is dead | he has the brain of a worm | dumb as a rock | dumb as fuck | stupid as hell | thick as a brick
you are full of shit | full of crap | bullshit | what a load of bullshit | this is crap
what the fuck is wrong with you
what is wrong with you | what the hell is wrong with you | get your head out of your ass
pull your head out of your arse
crawl back under your rock | crawl back into your hole | go back to your mother's basement | go cry to your mommy
go back to where you came from | go play in traffic | jump off a bridge | jump off a cliff | choke on it
you're off your fucking head | take your meds | you belong in a mental hospital | you are mentally ill
lick my balls | suck my balls | lick my ass | I fucked your mother | I will fuck you up | go suck a dick
f u | fu | f off | fuk u | fuk you | fck you | fcuk you | fuq | fvck you | phuck you | f*ck you | f**k you | f*** you
f u c k you | what da fcuk | sh*t | sh1t | shyt | s**t | b*tch | b1tch | biatch | bytch | beeotch | a-hole | a**hole
@sshole | a55hole | azzhole | ahole | d1ck | d*ck | dikhead | c*nt | kunt | cu*t | p*ssy | puss | wh0re | hoe | hoes
n*gger | n!gger | nigga | f*ggot | fagg0t | f@g | r*tard | r3tard | stoopid | stupit | idi0t | idoit | eediot | moran
bs | pos | sob | mf | mofo | lmao you are dumb | crap | damn fool | dumba$$ | jacka$$ | fat ass | dumb ass | lame ass
"""
_HATE = """
fag | fags | faggot | faggots | you fag | you faggot | fucking faggot | dyke | tranny | trannies | fudge packer
nigger | niggers | kike | spic | chink | gook | wetback | raghead | towelhead | paki | coon | mudslime | muzzie
send them all back | deport them all | they breed like rats | they are animals | they should all be shot
"""
_SEXUAL = """
big tits | nice tits | show me your tits | suck my dick | blowjob | deepthroat | cumshot | cum on her face | creampie
gangbang | anal sex | hardcore anal fucking | wet pussy | tight pussy | fuck her pussy | horny milf | horny sluts
teen sluts fucked hard | big black cock | huge cock | hard dick | jerk off | jerking off | masturbating on webcam
handjob | rimjob | fingering her | hot nude girls | naked girls xxx | free porn videos | porn | xxx porn tube | hentai
live sex cams | nude cam girls | sex tape | amateur porn | porn videos | anal gangbang
bukkake | dildo in her ass | butt plug | strip naked for me | I want to fuck you | let me fuck you | ride my cock
eat my pussy | pussy licking | titty fuck | big boobs | naked boobs | hard nipples | nipple slip nude
upskirt panties
wet panties | horny housewife | slutty wife | cuckold videos | escort girls hot sex | adult sex chat | phone sex
sexting
erotic massage happy ending | fetish porn | bdsm slave girl | whip my ass mistress | spank me daddy | hot threesome
orgy | squirting orgasm | make her cum | swallow my cum | cum inside me | fucked from behind | doggy style
his throbbing cock | her dripping pussy | he pounded her | she begged him to fuck her harder | licking her clit
stroking his shaft | he squeezed her tits | his tongue found her clit | she straddled him and took him inside her
they fucked all night | she gasped as he entered her | full porn movie | sex videos | hd porno | nude pics | nudes
she sucked his cock | he came in her mouth | spread your legs | she moaned as he thrust into her
"""
_TALK = """
lol | lol thanks | haha same here | thanks for sharing | thank you so much | thanks for the help | great job
well done
good point | fair enough | I agree | I agree with you | I disagree | I don't think so | I don't agree with that at all
you may be right | I think you are wrong about that | that is not true | this is simply false | where is your source
can you give a source for that | please sign your comments | welcome to the project | please stop removing the section
I have reverted your edit because it had no reference | your edit was reverted | please see the talk page
the article needs more references | I moved the page | this should be merged with the other article
I added the image but the licence was missing | feel free to change it | let me know if you need help
you have been warned about this before | please do not remove content | you can ask at the help desk
the block has expired | I asked an administrator to look at it | sorry about that | my mistake | oh I see now
what do you think | does anyone know how this works | is there a fix for this | same problem here | did you try again
I love this song | I love it | this is awesome | this made my day | so cute | that's hilarious | best video ever
I can't wait for the next season | the last episode was great | that goal was amazing | what a game | what a boss
we played really well today | our defence was poor | the coach should be fired | he is my favourite player
I voted for him twice | I voted against it | I never liked her politics | the president gave a speech yesterday
taxes are too high | the government should do more | this law is a bad idea | they should repeal it | he should resign
I don't trust the media | the senator is wrong on this | I support the protest | not my candidate
why was this post removed | downvoted for no reason | upvoted | prolly gonna get downvoted | thanks for the gold
you guys are the best | you guys rock | hey guys | hi everyone | hello | good morning | happy birthday | congrats man
dude that's so cool | bro same | omg yes | wtf happened here | damn that's good | damn nice shot | hell yeah
holy crap this is good | that was a hell of a match | this game is hard as hell | what the hell happened here
I suck at cooking | my phone sucks | Mondays suck | that sucks sorry to hear it | I feel stupid now | silly me
my dumb phone keeps crashing | stupid question but how do I save | it was a stupid mistake on my part
I was an idiot for selling my shares | crazy weather today | insane graphics | killer deal | I could kill for a pizza
this bug is killing me | he killed it on stage | the boss fight is deadly | my cat is a little monster | sick beat
I'm dying of laughter | this cracked me up | shoot me an email | dead on | the battery is dead | kill the process
the dog bit me | my ass hurts from sitting all day | cool ass car | badass costume | smart ass phone name
dick cheney was vice president | the cock crowed at dawn | a great tit sat on the fence
great tits and blue tits at the feeder | coal tits | border terriers are great
she is a bitch in heat according to the vet | pussy willow branches | he drives an ass cart | the rooster and the hen
rape is a crime | rape victims need support | he was convicted of rape | the film shows violence and nudity
sexual health clinic | sex education in schools | breast cancer screening | the nude in renaissance art | anal fissure
I am gay | she is gay | he came out as gay | my son is gay | gay and happy | a gay couple | two gay men
lesbian couples
I'm a lesbian | I am trans | my trans friend | I'm bi | queer cinema | I am black | I am a Muslim | I'm Jewish
he is a Jew
gay | lesbian | I'm gay | yes I am gay | are you gay | is he gay | gay man | gay men | gay people | gay rights
gay marriage
gay community | gay bar | lesbian bar | she is a lesbian | gay pride parade | openly gay
the gay character in the series
the nude in art | nude painting | a nude figure by the sculptor | nude studies | sex education for teenagers
sex ratio
sex differences | same sex couples | sexual orientation | sexual assault survivors | sexual reproduction of plants
the porn industry was studied | porn addiction help | breast milk | breast feeding | anal cancer | the sex of the baby
he was raped and murdered | she was raped | the victim was raped and killed | he was killed | murdered
the murder trial
racism is wrong | racism is a problem in this country | he was accused of racism | homophobia hurts people
slavery was abolished | the nazis occupied the country | the genocide was recognised | jews were persecuted
the word is a slur | please do not call people names | insulting others is against the rules | be kind
no insults please
how long have you had this problem | where did you buy it | is it worth the price | mine arrived broken
I returned it and got a refund | terrible service | worst hotel I have stayed in | awful food and rude staff
the plot was boring | this movie was terrible | I hated the ending | I hate Mondays | I hate when that happens
my mother is sick | my old dog died | he died last year | rest in peace | sorry for your loss | get well soon
are you kidding | are you serious | no way | whatever | who cares | I don't care | not again | oh come on
"""
_NEUTRAL_NOUNS = """
teacher, doctor, nurse, student, friend, neighbour, genius, hero, legend, star, fan, player, writer, editor, artist,
musician, farmer, lawyer, father, mother, brother, sister, boss, beginner, expert, winner, guest, member, driver, cook,
reader, scientist, engineer, cyclist, runner, singer, actor, man, woman, guy, girl, kid, person, customer, driver
"""
_NEUTRAL_ADJECTIVES = """
kind, nice, good, great, smart, clever, right, wrong, late, early, tired, happy, sad, busy, lucky, welcome, funny,
talented, patient, careful, honest, famous, sorry, free, ready, sure, new here, mistaken, confused, angry, upset, sick
"""


def comments() -> Iterator[tuple[str, str]]:
    """(label, sentence) of everything above; the frames also hold ordinary words."""
    for label, text, frames in (
        (ABUSE, _INSULTS, _ABUSE_FRAMES),
        (ABUSE, _ADJECTIVES, _ABUSE_ADJECTIVE_FRAMES),
        (CLEAN, _NEUTRAL_NOUNS, _ABUSE_FRAMES),
        (CLEAN, _NEUTRAL_ADJECTIVES, _ABUSE_ADJECTIVE_FRAMES),
    ):
        for word in _split(text):
            for frame in frames:
                if label == ABUSE or not any(rude in frame for rude in _RUDE):
                    yield label, frame.format(word)
    yield from phrases()


def phrases() -> Iterator[tuple[str, str]]:
    """(label, phrase) of the whole sentences alone, without the frames."""
    for label, text in ((ABUSE, _ABUSE), (HATE, _HATE), (SEXUAL, _SEXUAL), (CLEAN, _TALK)):
        for phrase in _lines(text):
            yield label, phrase


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", " ").split(",") if word.strip()]


def _lines(text: str) -> list[str]:
    return [phrase.strip() for line in text.splitlines() for phrase in line.split("|") if phrase.strip()]
