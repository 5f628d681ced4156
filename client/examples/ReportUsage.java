import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Reports usage events to POST /usage, signed with AWS Signature Version 4, with nothing but Java 17.
 *
 *   USAGE_URL=https://….amazonaws.com/prod/usage java ReportUsage.java events.json
 *
 * Credentials and Region come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION. The
 * verdicts go to standard output. The file is sent again unchanged until it is answered: an event counts once by its id.
 */
public final class ReportUsage {
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final int TRIES = 8;

    public static void main(String[] arguments) throws Exception {
        URI address = URI.create(System.getenv("USAGE_URL"));
        byte[] body = Files.readAllBytes(Path.of(arguments[0]));
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        for (int attempt = 0; attempt < TRIES; attempt++) {
            if (attempt > 0) {
                Thread.sleep((long) (Math.random() * 250 * (1L << attempt)));
            }
            HttpResponse<String> answer;
            try {
                answer = client.send(signed(address, body, Instant.now()), HttpResponse.BodyHandlers.ofString());
            } catch (java.io.IOException error) {
                continue; // it may have been recorded all the same: send the same again
            }
            if (answer.statusCode() == 200) {
                System.out.println(answer.body());
                return;
            }
            if (answer.statusCode() != 429 && answer.statusCode() < 500) {
                System.err.println(answer.statusCode() + " " + answer.body());
                System.exit(1);
            }
        }
        System.err.println("no answer; the events are still to be sent");
        System.exit(2);
    }

    /** A new signature for each attempt: one is good for five minutes. */
    static HttpRequest signed(URI address, byte[] body, Instant now) throws GeneralSecurityException {
        String region = System.getenv("AWS_REGION");
        String stamp = STAMP.format(now);
        String scope = stamp.substring(0, 8) + "/" + region + "/execute-api/aws4_request";

        Map<String, String> headers = new TreeMap<>();
        headers.put("content-type", "application/json");
        headers.put("host", address.getPort() < 0 ? address.getHost() : address.getHost() + ":" + address.getPort());
        headers.put("x-amz-date", stamp);
        String token = System.getenv("AWS_SESSION_TOKEN");
        if (token != null && !token.isEmpty()) {
            headers.put("x-amz-security-token", token);
        }
        String names = String.join(";", headers.keySet());
        StringBuilder canonical = new StringBuilder("POST\n").append(address.getRawPath()).append("\n\n");
        headers.forEach((name, value) -> canonical.append(name).append(':').append(value.strip()).append('\n'));
        canonical.append('\n').append(names).append('\n').append(sha256(body));
        String text = "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + sha256(bytes(canonical.toString()));

        byte[] key = bytes("AWS4" + System.getenv("AWS_SECRET_ACCESS_KEY"));
        for (String part : scope.split("/")) {
            key = hmac(key, part);
        }
        String credential = System.getenv("AWS_ACCESS_KEY_ID") + "/" + scope;
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(30))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .header("Authorization", "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + names
                        + ", Signature=" + HexFormat.of().formatHex(hmac(key, text)));
        headers.remove("host"); // the client sets it itself
        headers.forEach(request::header);
        return request.build();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String sha256(byte[] content) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(bytes(text));
    }
}
