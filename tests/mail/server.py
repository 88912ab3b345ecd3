"""A mail server that keeps nothing: its port as the first line, then each message that it took, as lines of JSON.

server.py plain | starttls CERTIFICATE KEY | smtps CERTIFICATE KEY

With TLS it asks for the login of `lifeboat`. Whoever is called nobody does not exist, and is named in the refusal.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

PASSWORD = b"a-mailer's password/42"


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return f"550 5.1.1 <{address}>: there is no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "secure": server.transport.get_extra_info("ssl_object") is not None,
            "login": bool(session.authenticated),
            "subject": message["subject"],
            "head": {name.lower(): str(value) for name, value in message.items()},
            "defects": [repr(defect) for part in message.walk() for defect in part.defects],
            "charset": message.get_content_charset(),
            "headers": sorted(name.lower() for name in message.keys()),
            "text": message.get_content(),
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


def login(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"lifeboat", PASSWORD)
    return AuthResult(success=good, handled=False, message=None if good else f"535 5.7.8 {data.login.decode()}: wrong password")


async def main(mode, *files):
    options = {}
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
        options = {"authenticator": login, "auth_required": True, "auth_require_tls": mode == "starttls"}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Handler(), hostname="mail.test", loop=loop, **options),
        host="0.0.0.0",
        port=0,
        ssl=context if mode == "smtps" else None,
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
