# https://docs.authlib.org, as Debian has it: applications on its client for Flask, which are told apart by host name.
import os
import time

from authlib.integrations.flask_client import OAuth
from authlib.jose import jwt
from flask import Flask, jsonify, redirect, request, session
from werkzeug.serving import make_server

environment = os.environ
event = 'http://schemas.openid.net/event/backchannel-logout'


def origin():
    return 'http://' + request.host


def issuer():
    return environment['ISSUERS'] + request.host.split('.')[0]


application = Flask('foreign')
application.secret_key = 'what the application signs its cookies with'
clients = {}
signed_out = set()


def client():
    if request.host not in clients:
        clients[request.host] = OAuth(application).register(
            'lab',
            client_id=environment['CLIENT_ID'],
            client_secret=environment['CLIENT_SECRET'],
            server_metadata_url=issuer() + '/.well-known/openid-configuration',
            client_kwargs={'scope': 'openid profile email', 'code_challenge_method': 'S256'})
    return clients[request.host]


@application.errorhandler(Exception)
def forget_and_say(error):
    # What was found may be wrong: the library keeps metadata and keys as they came.
    clients.pop(request.host, None)
    return jsonify(error=str(error)), 500


def signed_in():
    return 'sub' in session and session['sid'] not in signed_out


@application.get('/restart')
def restart():
    clients.pop(request.host, None)
    return '', 204


@application.get('/')
def home():
    return jsonify(signedIn=signed_in(), sub=session.get('sub'))


@application.get('/login')
def login():
    return client().authorize_redirect(origin() + '/callback', login_hint=environment['USERNAME'])


@application.get('/callback')
def callback():
    token = client().authorize_access_token()
    claims = token.pop('userinfo')
    session.update(sub=claims['sub'], sid=claims['sid'], token=token)
    return redirect('/')


@application.get('/userinfo')
def userinfo():
    return jsonify(client().userinfo(token=session['token']))


@application.get('/refresh')
def refresh():
    # The library renews a token that has expired, when it is used.
    token = {**session['token'], 'expires_at': int(time.time()) - 1}
    return jsonify(client().userinfo(token=token))


@application.get('/logout')
def logout():
    metadata = client().load_server_metadata()
    hint = session['token']['id_token']
    session.clear()
    return redirect(metadata['end_session_endpoint'] + '?id_token_hint=' + hint + '&state=state-of-the-sign-out'
                    + '&post_logout_redirect_uri=' + origin() + '/')


@application.post('/backchannel-logout')
def backchannel_logout():
    keys = client().fetch_jwk_set(force=True)
    claims = jwt.decode(request.form['logout_token'], keys, claims_options={
        'iss': {'essential': True, 'value': issuer()},
        'aud': {'essential': True, 'value': environment['CLIENT_ID']}
    })
    claims.validate()
    if event not in claims['events'] or 'nonce' in claims:
        raise ValueError('no logout token')
    signed_out.add(claims['sid'])
    return '', 204


server = make_server('127.0.0.1', 0, application, threaded=True)
print(server.port, flush=True)
server.serve_forever()
