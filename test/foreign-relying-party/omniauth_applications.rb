# https://github.com/omniauth/omniauth_openid_connect, in the version that GitLab keeps and Debian has: applications on Rack,
# which are told apart by host name.
require 'json'
require 'omniauth'
require 'omniauth_openid_connect'
require 'rack'
require 'rack/handler/webrick'

EVENT = 'http://schemas.openid.net/event/backchannel-logout'
SIGNED_OUT = {}
OpenIDConnect.logger = SWD.logger = Rack::OAuth2.logger = Logger.new(IO::NULL)
# Where the issuer is not https, as here, both libraries have to be told.
SWD.url_builder = URI::HTTP
OmniAuth.config.logger = Logger.new(IO::NULL)
OmniAuth.config.allowed_request_methods = [:get]
OmniAuth.config.silence_get_warning = true

def json(status, body)
  [status, { 'content-type' => 'application/json' }, [JSON.generate(body)]]
end

# What the application does beside signing people in.
class Application
  def initialize(issuer, origin)
    @issuer = issuer
    @origin = origin
  end

  def call(env)
    request = Rack::Request.new(env)
    session = request.session
    case request.path
    when '/' then home(session)
    when '/auth/openid_connect/callback' then sign_in(session, env['omniauth.auth'])
    when '/auth/failure' then json(500, error: request.params['message'])
    when '/userinfo' then json(200, session['info'])
    when '/refresh' then refresh(session)
    when '/logout' then sign_out(session)
    when '/backchannel-logout' then take_logout_token(request.params['logout_token'])
    else json(404, {})
    end
  rescue StandardError => e
    json(500, error: e.message)
  end

  private

  def configuration
    @configuration ||= OpenIDConnect::Discovery::Provider::Config.discover!(@issuer)
  end

  def home(session)
    signed_in = session['sub'] && !SIGNED_OUT[session['sid']]
    json(200, signedIn: !!signed_in, sub: session['sub'])
  end

  def sign_in(session, auth)
    raw = auth['extra']['raw_info']
    session['sub'] = auth['uid']
    session['sid'] = raw['sid']
    session['info'] = { 'sub' => auth['uid'], 'name' => raw['name'], 'email' => raw['email'] }
    session['tokens'] = { 'id' => auth['credentials']['id_token'], 'refresh' => auth['credentials']['refresh_token'] }
    [302, { 'location' => '/' }, []]
  end

  def refresh(session)
    client = OpenIDConnect::Client.new(
      identifier: ENV.fetch('CLIENT_ID'), secret: ENV.fetch('CLIENT_SECRET'), token_endpoint: configuration.token_endpoint)
    client.refresh_token = session['tokens']['refresh']
    client.access_token!
    json(200, sub: session['sub'])
  end

  def sign_out(session)
    parameters = {
      id_token_hint: session['tokens']['id'], post_logout_redirect_uri: "#{@origin}/", state: 'state-of-the-sign-out'
    }
    session.clear
    [302, { 'location' => "#{configuration.raw['end_session_endpoint']}?#{URI.encode_www_form(parameters)}" }, []]
  end

  def take_logout_token(token)
    claims = JSON::JWT.decode(token, configuration.jwks)
    good = claims['iss'] == @issuer && claims['aud'] == ENV.fetch('CLIENT_ID') && claims['events'].key?(EVENT) && !claims.key?('nonce')
    raise 'no logout token' unless good

    SIGNED_OUT[claims['sid']] = true
    json(200, {})
  end
end

def build(host)
  realm = host.split('.').first
  issuer = ENV.fetch('ISSUERS') + realm
  origin = "http://#{host}"
  Rack::Builder.new do
    use Rack::Session::Cookie, secret: 'what the application signs its cookies with, at length: 64 characters and more than that'
    use OmniAuth::Builder do
      provider :openid_connect,
               issuer: issuer, discovery: true, scope: %i[openid profile email], response_type: :code,
               extra_authorize_params: { login_hint: ENV.fetch('USERNAME') },
               client_options: {
                 identifier: ENV.fetch('CLIENT_ID'), secret: ENV.fetch('CLIENT_SECRET'),
                 redirect_uri: "#{origin}/auth/openid_connect/callback"
               }
    end
    run Application.new(issuer, origin)
  end.to_app
end

applications = Hash.new { |known, host| known[host] = build(host) }
dispatch = lambda do |env|
  applications.delete(env['HTTP_HOST']) if env['PATH_INFO'] == '/restart'
  env['PATH_INFO'] = '/auth/openid_connect' if env['PATH_INFO'] == '/login'
  applications[env['HTTP_HOST']].call(env)
end
started = lambda do |server|
  puts server.listeners.first.addr[1]
  $stdout.flush
end
Rack::Handler::WEBrick.run(dispatch, Host: '127.0.0.1', Port: 0, AccessLog: [], Logger: WEBrick::Log.new(IO::NULL), &started)
