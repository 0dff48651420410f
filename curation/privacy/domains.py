"""Top-level domains: what tells an address in source code from `this@Activity.finish`."""

from __future__ import annotations

_COUNTRY_DOMAINS = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz
ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo
fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je
jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp
mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py
qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm
tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
COUNTRY_DOMAINS = frozenset(_COUNTRY_DOMAINS.split())

_GENERIC_DOMAINS = """
com org net edu gov mil int info biz name pro mobi tel jobs travel coop museum aero asia cat post arpa
academy agency app art associates bank berlin bio blog build business cafe capital care center church cloud club
community company computer consulting cool dev digital direct directory education email energy engineer engineering
enterprises events exchange expert family farm film finance fit foundation fun fund games global gmbh gold group
guide guru health help host hosting house international institute law legal life link live london ltd marketing
media moe money network news ninja nyc one online page paris partners party photo photography pics place plus
press productions properties pub republican rocks run sale school science security services shop site social
software solutions space studio style support systems team tech technology tips today tokyo tools top training
university ventures video vip website wiki win work works world xyz zone
"""
GENERIC_DOMAINS = frozenset(_GENERIC_DOMAINS.split())

KNOWN_DOMAINS = COUNTRY_DOMAINS | GENERIC_DOMAINS

RESERVED_DOMAINS = frozenset({"example", "test", "invalid", "localhost"})
"""RFC 2606: names that belong to nobody."""

RESERVED_HOSTS = ("example.com", "example.org", "example.net", "example.edu")

_FILE_ENDINGS = """
png jpg jpeg gif svg webp ico bmp tif tiff css scss less js jsx mjs json html htm xhtml php asp aspx jsp xml txt
pdf doc docx xls xlsx ppt pptx mp3 mp4 avi mov wav ogg webm exe dll jar war zip gz tgz tar rar woff ttf eot map
yml yaml toml lock service socket timer mount
"""
FILE_ENDINGS = frozenset(_FILE_ENDINGS.split())
"""Endings of files that read like domains: `icon@2x.png`, systemd's `getty@tty1.service`."""
