"""Files with made-up secrets in the public formats of many providers, and files with what only looks like one.

Everything is drawn from SHA-256 over a seed, so that the files are the same everywhere. No key is written here: each is
put together at run time from parts that no scanner of repositories takes for one.
"""
# ruff: noqa: E501 - the lines of these files are as long as they are

from __future__ import annotations

import base64
import hashlib
import json
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
BASE62 = DIGITS + UPPER + LOWER
HEX = DIGITS + "abcdef"
URL64 = UPPER + LOWER + DIGITS + "-_"
BASE64 = UPPER + LOWER + DIGITS + "+/"
BASE32 = UPPER + "234567"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file, the kind of text it is, and the values in it that must be found."""

    name: str
    group: str
    text: str
    values: tuple[str, ...]


class Draw:
    """Characters drawn from SHA-256 over a label."""

    def __init__(self, label: str) -> None:
        self._label, self._count = label, 0

    def number(self, below: int) -> int:
        self._count += 1
        return int.from_bytes(hashlib.sha256(f"{self._label}/{self._count}".encode()).digest()[:8], "big") % below

    def of(self, alphabet: str, length: int) -> str:
        return "".join(alphabet[self.number(len(alphabet))] for _ in range(length))

    def uuid(self) -> str:
        return str(uuid.UUID(hex=self.of(HEX, 32), version=4))

    def bytes(self, length: int) -> bytes:
        return bytes(self.number(256) for _ in range(length))


def _github(draw: Draw, prefix: str) -> str:
    body = draw.of(BASE62, 30)
    return prefix + body + _base62(zlib.crc32(body.encode()))


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0")


def _jwt(draw: Draw) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": draw.of(DIGITS, 10), "iat": 1500000000 + draw.number(10**8)}]
    head = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*head, draw.of(URL64, 43)])


def _pem(draw: Draw, label: str) -> str:
    body = base64.b64encode(draw.bytes(300)).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])


def _mixed(draw: Draw) -> str:
    """A password as a generator makes it."""
    return draw.of(LOWER, 3) + draw.of(DIGITS, 2) + draw.of("!#%@", 1) + draw.of(UPPER, 2) + draw.of(LOWER + DIGITS, 4)


# provider -> (name of the variable, what the key looks like)
PROVIDERS: dict[str, tuple[str, Callable[[Draw], str]]] = {
    "aws id": ("AWS_ACCESS_KEY_ID", lambda d: "AK" + "IA" + d.of(BASE32, 16)),
    "aws secret": ("AWS_SECRET_ACCESS_KEY", lambda d: d.of(BASE64, 40)),
    "github": ("GITHUB_TOKEN", lambda d: _github(d, "gh" + "p_")),
    "github fine-grained": ("GH_PAT", lambda d: "github_" + "pat_" + d.of(BASE62, 22) + "_" + d.of(BASE62, 59)),
    "gitlab": ("GITLAB_TOKEN", lambda d: "glp" + "at-" + d.of(URL64, 20)),
    "slack": ("SLACK_TOKEN", lambda d: "xo" + "xb-" + d.of(DIGITS, 12) + "-" + d.of(DIGITS, 12) + "-" + d.of(BASE62, 24)),
    "slack webhook": ("SLACK_HOOK", lambda d: f"T{d.of(UPPER + DIGITS, 8)}/B{d.of(UPPER + DIGITS, 8)}/{d.of(BASE62, 24)}"),
    "stripe": ("STRIPE_KEY", lambda d: "sk_" + "live_" + d.of(BASE62, 24)),
    "google": ("GOOGLE_API_KEY", lambda d: "AI" + "za" + d.of(URL64, 34) + d.of(BASE62, 1)),
    "google oauth": ("CLIENT_SECRET", lambda d: "GOC" + "SPX-" + d.of(URL64, 27) + d.of(BASE62, 1)),
    "azure storage": ("AZURE", lambda d: base64.b64encode(d.bytes(64)).decode()),
    "azure ad": ("AZURE_CLIENT_SECRET", lambda d: d.of(BASE62, 3) + "8Q" + "~" + d.of(BASE62, 34)),
    "openai": ("OPENAI_API_KEY", lambda d: "sk-" + d.of(BASE62, 20) + "T3Blbk" + "FJ" + d.of(BASE62, 20)),
    "openai project": ("OPENAI_API_KEY", lambda d: "sk-" + "proj-" + d.of(BASE62, 48)),
    "anthropic": ("ANTHROPIC_API_KEY", lambda d: "sk-" + "ant-api03-" + d.of(URL64, 92) + d.of(BASE62, 1)),
    "hugging face": ("HF_TOKEN", lambda d: "hf" + "_" + d.of(UPPER + LOWER, 34)),
    "npm": ("NPM_TOKEN", lambda d: _github(d, "np" + "m_")),
    "pypi": ("PYPI_TOKEN", lambda d: "pypi-" + "AgEIcHlwaS5vcmc" + d.of(URL64, 80) + d.of(BASE62, 1)),
    "docker hub": ("DOCKER_TOKEN", lambda d: "dckr_" + "pat_" + d.of(BASE62, 27)),
    "digitalocean": ("DO_TOKEN", lambda d: "dop_" + "v1_" + d.of(HEX, 64)),
    "heroku": ("HEROKU_API_KEY", lambda d: d.uuid()),
    "sendgrid": ("SENDGRID_KEY", lambda d: "S" + "G." + d.of(URL64, 22) + "." + d.of(URL64, 42) + d.of(BASE62, 1)),
    "mailgun": ("MAILGUN_KEY", lambda d: "ke" + "y-" + d.of(HEX, 32)),
    "mailchimp": ("MAILCHIMP_KEY", lambda d: d.of(HEX, 32) + "-u" + "s" + d.of("123", 2)),
    "twilio": ("TWILIO_KEY", lambda d: "S" + "K" + d.of(HEX, 32)),
    "twilio auth": ("TWILIO_AUTH_TOKEN", lambda d: d.of(HEX, 32)),
    "square": ("SQUARE_TOKEN", lambda d: "sq0" + "atp-" + d.of(URL64, 21) + d.of(BASE62, 1)),
    "shopify": ("SHOPIFY_TOKEN", lambda d: "shp" + "at_" + d.of(HEX, 32)),
    "telegram": ("BOT_TOKEN", lambda d: "5" + d.of(DIGITS, 9) + ":A" + "A" + d.of(URL64, 32) + d.of(BASE62, 1)),
    "discord": ("DISCORD_TOKEN", lambda d: "M" + d.of(BASE62, 23) + "." + d.of(BASE62, 6) + "." + d.of(BASE62, 38)),
    "databricks": ("DATABRICKS_TOKEN", lambda d: "da" + "pi" + d.of(HEX, 32)),
    "datadog": ("DD_API_KEY", lambda d: d.of(HEX, 32)),
    "new relic": ("NEW_RELIC_KEY", lambda d: "NR" + "AK-" + d.of(UPPER + DIGITS, 27)),
    "sentry": ("SENTRY_AUTH_TOKEN", lambda d: "sntr" + "yu_" + d.of(HEX, 64)),
    "grafana": ("GRAFANA_TOKEN", lambda d: "gl" + "sa_" + d.of(BASE62, 32) + "_" + d.of(HEX, 8)),
    "vault": ("VAULT_TOKEN", lambda d: "hv" + "s." + d.of(BASE62, 90)),
    "terraform": ("TFC_TOKEN", lambda d: d.of(BASE62, 14) + ".atlas" + "v1." + d.of(BASE62, 67)),
    "cloudflare": ("CLOUDFLARE_API_TOKEN", lambda d: d.of(BASE62, 40)),
    "cloudflare ca": ("CLOUDFLARE_CA", lambda d: "v1." + "0-" + d.of(HEX, 24) + "-" + d.of(HEX, 146)),
    "fastly": ("FASTLY_API_TOKEN", lambda d: d.of(BASE62, 32)),
    "atlassian": ("JIRA_TOKEN", lambda d: "ATA" + "TT3xFfGF0" + d.of(BASE62, 170)),
    "linear": ("LINEAR_KEY", lambda d: "lin_" + "api_" + d.of(BASE62, 40)),
    "notion": ("NOTION_TOKEN", lambda d: "nt" + "n_" + d.of(DIGITS, 11) + d.of(BASE62, 35)),
    "airtable": ("AIRTABLE_PAT", lambda d: "pa" + "t" + d.of(BASE62, 14) + "." + d.of(HEX, 64)),
    "figma": ("FIGMA_TOKEN", lambda d: "fig" + "d_" + d.of(BASE62, 40)),
    "postman": ("POSTMAN_KEY", lambda d: "PM" + "AK-" + d.of(HEX, 24) + "-" + d.of(HEX, 34)),
    "doppler": ("DOPPLER_TOKEN", lambda d: "dp." + "pt." + d.of(BASE62, 43)),
    "pulumi": ("PULUMI_TOKEN", lambda d: "pu" + "l-" + d.of(HEX, 40)),
    "rubygems": ("GEM_KEY", lambda d: "ruby" + "gems_" + d.of(HEX, 48)),
    "facebook": ("FB_TOKEN", lambda d: "EA" + "A" + d.of(BASE62, 150)),
    "twitter": ("TWITTER_BEARER", lambda d: "A" * 22 + d.of(BASE62, 90)),
    "twitter consumer": ("TWITTER_CONSUMER_SECRET", lambda d: d.of(BASE62, 50)),
    "linkedin": ("LINKEDIN_CLIENT_SECRET", lambda d: d.of(BASE62, 16)),
    "dropbox": ("DROPBOX_TOKEN", lambda d: "sl" + ".B" + d.of(BASE62, 138)),
    "okta": ("OKTA_API_TOKEN", lambda d: "00" + d.of(BASE62, 40)),
    "planetscale": ("DB_TOKEN", lambda d: "pscale_" + "tkn_" + d.of(BASE62, 43)),
    "supabase": ("SUPABASE_TOKEN", lambda d: "sb" + "p_" + d.of(HEX, 40)),
    "jwt": ("SESSION", _jwt),
    "age": ("AGE_KEY", lambda d: "AGE-SECRET-" + "KEY-1" + d.of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    "algolia": ("ALGOLIA_ADMIN_KEY", lambda d: d.of(HEX, 32)),
    "artifactory": ("ARTIFACTORY_KEY", lambda d: "AK" + "Cp" + d.of(BASE62, 69)),
    "buildkite": ("BUILDKITE_TOKEN", lambda d: "bk" + "ua_" + d.of(HEX, 40)),
    "circleci": ("CIRCLE_TOKEN", lambda d: "CCI" + "PAT_" + d.of(BASE62, 22) + "_" + d.of(HEX, 40)),
    "fly.io": ("FLY_TOKEN", lambda d: "fo" + "1_" + d.of(BASE62, 43)),
    "groq": ("GROQ_API_KEY", lambda d: "gs" + "k_" + d.of(BASE62, 52)),
    "hubspot": ("HUBSPOT_TOKEN", lambda d: "pat-" + "na1-" + d.uuid()),
    "netlify": ("NETLIFY_TOKEN", lambda d: "nf" + "p_" + d.of(BASE62, 36)),
    "perplexity": ("PPLX_KEY", lambda d: "pp" + "lx-" + d.of(BASE62, 48)),
    "plaid": ("PLAID_TOKEN", lambda d: "access-" + "production-" + d.uuid()),
    "replicate": ("REPLICATE_TOKEN", lambda d: "r8" + "_" + d.of(BASE62, 37)),
    "sonar": ("SONAR_TOKEN", lambda d: "sq" + "u_" + d.of(HEX, 40)),
    "tailscale": ("TS_KEY", lambda d: "ts" + "key-auth-" + d.of(BASE62, 12) + "-" + d.of(BASE62, 32)),
    "password": ("DB_PASSWORD", _mixed),
}  # fmt: skip

_WRAPPED = {
    "slack webhook": "https://hooks.slack.com/" + "services/{}",
    "azure storage": "DefaultEndpointsProtocol=https;AccountName=prod;Account"
    + "Key={};EndpointSuffix=core.windows.net",
}
_PEMS = ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK")


def positives(copies: int = 4) -> Iterator[Sample]:
    """Each provider's key in `copies` files of different languages, and private keys, log lines and commands."""
    for provider, (name, make) in PROVIDERS.items():
        for copy in range(copies):
            value = make(Draw(f"{provider}/{copy}"))
            shown = _WRAPPED.get(provider, "{}").format(value)
            camel = name.lower().split("_")[0] + "".join(word.title() for word in name.lower().split("_")[1:])
            suffix, text = (
                ("env", f"# settings\nDEBUG=0\n{name}={shown}\nPORT=8080\n"),
                ("py", f'import os\n\n{name} = "{shown}"\n\n\ndef main():\n    run({name})\n'),
                ("yaml", f"service:\n  image: app:1.2\n  environment:\n    {name}: {shown}\n  ports: [80]\n"),
                ("js", f"const client = new Client({{ region: 'eu', {camel}: '{shown}', retries: 3 }});\n"),
            )[copy % 4]
            yield Sample(f"{provider.replace(' ', '_')}_{copy}.{suffix}", provider, text, (value,))
    for label in _PEMS:
        block = _pem(Draw(label), label)
        yield Sample(f"{label.split()[0].lower()}.pem", "private key", f"{block}\n", (block,))
    yield from _logins()


def _logins() -> Iterator[Sample]:
    """User names and passwords in files with a fixed place for them, in logs and in commands."""
    for copy, user in enumerate(("mkowalski", "a.ferreira", "jun_tanaka", "osman84")):
        draw = Draw(f"login/{copy}")
        word, host = _mixed(draw), f"db{copy}.lovelace.org"
        basic = base64.b64encode(f"{user}:{word}".encode()).decode()
        for name, text, values in (
            ("netrc", f"machine {host}\n  login {user}\n  password {word}\n", (user, word)),
            ("pgpass", f"{host}:5432:shop:{user}:{word}\n", (user, word)),
            ("auth.log", f"May  3 10:00:01 gate sshd[311]: Accepted password for {user} from 10.0.0.7 port 52211 ssh2\n",
             (user,)),
            ("pam.log", f"May  3 10:00:01 gate sshd[311]: pam_unix(sshd:session): session opened for user {user}\n", (user,)),
            ("app.log", f"2024-05-03 INFO login ok user={user} took=12ms\n", (user,)),
            ("config.yml", f'database:\n  username: "{user}"\n  password: "{word}"\n', (user, word)),
            ("dsn.cs", f'var s = "Server={host};User Id={user};Password={word};Timeout=5";\n', (user, word)),
            ("run.sh", f"#!/bin/sh\nmysql -u {user} -p{word} shop < dump.sql\n", (word,)),
            ("curl.sh", f"curl -u {user}:{word} https://{host}/status\n", (user, word)),
            ("grant.sql", f"CREATE USER 'x'@'%' IDENTIFIED BY '{word}';\n", (word,)),
            ("http.txt", f"GET / HTTP/1.1\nHost: {host}\nAuthorization: Basic {basic}\n\n", (basic,)),
            ("settings.xml", f"<server><username>{user}</username><password>{word}</password></server>\n", (user, word)),
            ("url.toml", f'url = "postgres://{user}:{word.replace("@", "!").replace("#", "!").replace("%", "!")}@{host}/shop"\n',
             (f'{user}:{word.replace("@", "!").replace("#", "!").replace("%", "!")}',)),
        ):  # fmt: skip
            yield Sample(f"{copy}_{name}", f"login: {name}", text, values)


def negatives() -> Iterator[Sample]:
    """Files without a secret that hold what is taken for one."""
    for name, text in _negative_texts(Draw("negative")):
        yield Sample(name, "negative", text, ())


def _negative_texts(draw: Draw) -> Iterator[tuple[str, str]]:
    packages = {
        f"node_modules/p{n}": {
            "version": f"1.{n}.0",
            "resolved": f"https://registry.host.org/p{n}/-/p{n}-1.{n}.0.tgz#{draw.of(HEX, 40)}",
            "integrity": "sha512-" + base64.b64encode(draw.bytes(64)).decode(),
        }
        for n in range(40)
    }
    yield "package-lock.json", json.dumps({"name": "app", "lockfileVersion": 3, "packages": packages}, indent=2)
    yield (
        "poetry.lock",
        "".join(
            f'[[package]]\nname = "p{n}"\nversion = "{n}.1"\nfiles = [\n    {{file = "p{n}.whl", hash = "sha256:{draw.of(HEX, 64)}"}},\n]\n\n'
            for n in range(20)
        ),
    )
    yield (
        "go.sum",
        "".join(f"host.org/m{n} v1.{n}.0 h1:{base64.b64encode(draw.bytes(32)).decode()}\n" for n in range(20)),
    )
    yield "SHA256SUMS", "".join(f"{draw.of(HEX, 64)}  release-{n}.tar.gz\n" for n in range(20))
    yield "git.log", "".join(f"commit {draw.of(HEX, 40)}\nAuthor: A\n\n    Fix token {n}\n\n" for n in range(20))
    yield "ids.csv", "id,parent\n" + "".join(f"{draw.uuid()},{draw.uuid()}\n" for _ in range(40))
    yield (
        "vectors.py",
        "".join(f'    ("{draw.of(HEX, 32)}", "{draw.of(HEX, 64)}"),  # plaintext, ciphertext\n' for _ in range(30))
        + 'KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")\nsecret_key = "0123456789abcdef0123456789abcdef"\n',
    )
    yield (
        "page.html",
        "".join(
            f'<script src="/a{n}.js" integrity="sha384-{base64.b64encode(draw.bytes(48)).decode()}"></script>\n'
            f'<img src="data:image/png;base64,iVBORw0KGgo{draw.of(BASE64, 300)}">\n'
            for n in range(5)
        )
        + '<input type="password" name="password" placeholder="Enter your password" autocomplete="current-password">\n',
    )
    yield "font.css", f"@font-face{{src:url(data:font/woff2;base64,d09GMgAB{draw.of(BASE64, 2000)})}}\n"
    yield (
        "app.min.js",
        "!function(e,t){"
        + "".join(
            f"var {draw.of(LOWER, 1)}=e.{draw.of(LOWER, 2)}||t.token,n=t.password;e.key=n.secret;"
            f"if(e.user===t.user)return {draw.of(LOWER, 1)}({draw.number(999)});"
            for _ in range(60)
        )
        + "}(window,document);\n",
    )
    yield "de.json", json.dumps({
        "password": "Passwort", "password_confirm": "Passwort bestätigen", "username": "Benutzername", "token": "Zugangstoken",
        "apiKey": "API-Schlüssel", "login": "Anmelden", "secret": "Geheimnis", "forgot_password": "Passwort vergessen?",
    }, ensure_ascii=False, indent=2)  # fmt: skip
    yield (
        "fr.yml",
        "fr:\n  password: Mot de passe\n  user: Utilisateur\n  username: identifiant\n  token: Jeton\n  secret: secret\n",
    )
    yield (
        "settings.py",
        (
            'import os\nSECRET_KEY = os.environ["SECRET_KEY"]\nPASSWORD = os.getenv("DB_PASSWORD", "")\nAPI_KEY = get_secret("api/key-1")\n'
            'TOKEN = settings.api_token\nUSER = request.user\nPASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]\n'
            'password = "changeme"\napi_key = "your-api-key-here"\ntoken = "<token>"\nsecret = "xxxxxxxxxxxxxxxxxxxxxxxx"\n'
            'password_field = "user_password_1"\nTOKEN_URL = "https://host.org/oauth2/token"\nAUTH = f"Bearer {token}"\n'
        ),
    )
    yield (
        "compose.yml",
        (
            "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ${DB_PASSWORD}\n      POSTGRES_USER: postgres\n"
            "      MYSQL_ROOT_PASSWORD: example\n      API_KEY: {{ vault_api_key }}\n      TOKEN: $(cat /run/token)\n"
        ),
    )
    yield (
        "form.tsx",
        (
            'const schema = { username: "string", password: "string", token: "uuid" };\ninterface Login { user: string; password: string; }\n'
            '<Input name="password" type="password" label="Password" errorMessage={errors.password} />\nconst user = useUser();\n'
            'const passwordInput = "#password-input2"; setUser("current"); const tokenType = "Bearer";\n'
        ),
    )
    yield (
        "README.md",
        (
            "Set `AWS_ACCESS_KEY_ID=AKIA"
            + "IOSFODNN7EXAMPLE` and `aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/"
            + "bPxRfiCYEXAMPLEKEY`.\n`curl -H 'Authorization: Bearer YOUR_TOKEN_HERE' https://api.host.org`\n"
            "`Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==`\n`ghp_" + "x" * 36 + "` is how a token looks.\n"
        ),
    )
    yield (
        "prose.txt",
        (
            "Your password must have 8 characters. The secret: practise daily. Login: see page 4. The user is asked for a token; the token\n"
            "is checked. Password: at least 12 characters. Key: C major. User: Guest wrote on 12/03/2004. Passwords such as 'password1'\n"
            "or '123456' are guessed first. The secret is out. Token economy: a method of behaviour modification.\n"
        ),
    )
    yield (
        "response.txt",
        "".join(
            f'HTTP/1.1 200 OK\nETag: "{draw.of(HEX, 32)}"\nX-Request-Id: {draw.uuid()}\nX-Amz-Cf-Id: {draw.of(URL64, 56)}\n\n'
            for _ in range(10)
        ),
    )
    yield "keys.pub", f"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ{draw.of(BASE64, 330)} ops@host\n"
    yield "cert.pem", _pem(draw, "CERTIFICATE") + "\n" + _pem(draw, "PUBLIC KEY") + "\n"
    yield (
        "model.json",
        json.dumps({"eos_token": "<|endoftext|>", "pad_token": "[PAD]", "bos_token": "<s>", "unk_token_id": 100257}),
    )
