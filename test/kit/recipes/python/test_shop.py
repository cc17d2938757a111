"""Tests of an application's sign-in with pytest and requests: ISSUER is where the lab's provider is, SHOP_URL where the application is."""
import os

import pytest
import requests

ISSUER = os.environ['ISSUER']
SHOP = os.environ.get('SHOP_URL', 'http://localhost:8080')


def lab(method, path, **options):
    """The control API, as openapi.json in the package describes it."""
    answer = requests.request(method, f'{ISSUER}/lab/{path}', timeout=10, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else None


@pytest.fixture(autouse=True, scope='session')
def registered():
    lab('PUT', 'clients/shop', json={'redirect_uris': [f'{SHOP}/callback'], 'first_party': True})
    lab('PUT', 'users/zoe', json={'claims': {'name': 'Zoe'}})


@pytest.fixture
def browser():
    with requests.Session() as session:
        yield session
    lab('DELETE', 'faults')


def sign_in(browser, username):
    """What a browser does, from the provider where somebody signs in to where the application leads."""
    link = lab('POST', 'sign-in-links', json={'username': username, 'target': f'{SHOP}/login'})
    return browser.get(link['url'], timeout=10)


def test_a_person_signs_in_and_is_known(browser):
    assert sign_in(browser, 'zoe').ok
    assert browser.get(f'{SHOP}/account', timeout=10).json() == {'name': 'Zoe'}


@pytest.mark.parametrize('fault', ['id-token-invalid-nonce', 'id-token-invalid-iss', 'id-token-expired'])
def test_what_is_not_as_it_should_be_lets_nobody_in(browser, fault):
    lab('PUT', f'faults/{fault}', json={'client_id': 'shop', 'count': 1})
    sign_in(browser, 'zoe')
    assert browser.get(f'{SHOP}/account', timeout=10).status_code == 401
    # That it has really been sent: an application that asks for nothing would pass otherwise.
    assert lab('GET', 'ledger/wait', params={'client_id': 'shop', 'fault': fault, 'timeout': 5})['entries']


def test_a_token_endpoint_that_is_down_is_told_of(browser):
    lab('PUT', 'faults/token-endpoint-server-error', json={'client_id': 'shop', 'count': 1})
    assert sign_in(browser, 'zoe').status_code >= 400
    assert sign_in(browser, 'zoe').ok
