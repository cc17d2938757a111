// Tests of an application's sign-in with what Java brings: `java ShopTest.java`, for Java 17 and newer, with ISSUER and SHOP_URL in its environment.
import java.net.CookieManager;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Pattern;

public class ShopTest {
  static final String ISSUER = System.getenv("ISSUER");
  static final String SHOP = System.getenv().getOrDefault("SHOP_URL", "http://localhost:8080");

  public static void main(String[] args) throws Exception {
    lab("PUT", "clients/shop", "{ \"redirect_uris\": [\"" + SHOP + "/callback\"], \"first_party\": true }");
    lab("PUT", "users/zoe", "{ \"claims\": { \"name\": \"Zoe\" } }");

    var browser = newBrowser();
    is(200, signIn(browser, "zoe"), "a person signs in");
    is(200, browse(browser, SHOP + "/account").statusCode(), "and is known");

    lab("PUT", "faults/id-token-invalid-nonce", "{ \"client_id\": \"shop\", \"count\": 1 }");
    var deceived = newBrowser();
    signIn(deceived, "zoe");
    is(401, browse(deceived, SHOP + "/account").statusCode(), "an ID token of another sign-in lets nobody in");
    lab("GET", "ledger/wait?client_id=shop&fault=id-token-invalid-nonce&timeout=5", "");
    is(200, signIn(newBrowser(), "zoe"), "the next sign-in is as any other");
  }

  /** The control API, as openapi.json in the package describes it. */
  static String lab(String method, String path, String json) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(ISSUER + "/lab/" + path));
    if (json.isEmpty()) request.method(method, BodyPublishers.noBody());
    else request.method(method, BodyPublishers.ofString(json)).header("content-type", "application/json");
    var answer = HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
    if (answer.statusCode() >= 400) throw new AssertionError(method + " " + path + ": " + answer.statusCode() + " " + answer.body());
    return answer.body();
  }

  static HttpClient newBrowser() {
    return HttpClient.newBuilder().cookieHandler(new CookieManager()).followRedirects(HttpClient.Redirect.NORMAL).build();
  }

  static HttpResponse<String> browse(HttpClient browser, String url) throws Exception {
    return browser.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
  }

  /** What a browser does, from the provider where somebody signs in to where the application leads. */
  static int signIn(HttpClient browser, String username) throws Exception {
    var answer = lab("POST", "sign-in-links", "{ \"username\": \"" + username + "\", \"target\": \"" + SHOP + "/login\" }");
    var link = Pattern.compile("\"url\":\\s*\"([^\"]+)\"").matcher(answer);
    if (!link.find()) throw new AssertionError(answer);
    return browse(browser, link.group(1)).statusCode();
  }

  static void is(int wanted, int seen, String what) {
    if (wanted != seen) throw new AssertionError("not ok  " + what + ": " + seen + ", and not " + wanted);
    System.out.println("ok      " + what);
  }
}
