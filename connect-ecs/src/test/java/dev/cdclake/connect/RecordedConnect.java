/* Licensed under the Apache License, Version 2.0: see LICENSE. */
package dev.cdclake.connect;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Answers requests as a Connect worker once did; the last answer of a request is repeated. */
final class RecordedConnect implements AutoCloseable {

  private final HttpServer server;
  private final Map<String, Deque<Answer>> answers = new HashMap<>();
  private final List<String> requests = new ArrayList<>();

  private record Answer(int status, String body) {}

  RecordedConnect() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  ConnectClient client() {
    return new ConnectClient(
        "http://%s:%d"
            .formatted(
                InetAddress.getLoopbackAddress().getHostAddress(), server.getAddress().getPort()));
  }

  RecordedConnect on(String request, int status, String body) {
    answers.computeIfAbsent(request, key -> new ArrayDeque<>()).add(new Answer(status, body));
    return this;
  }

  /** Returns what was asked, in order, as method and path. */
  List<String> requests() {
    return requests;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
    requests.add(request);
    Deque<Answer> known = answers.getOrDefault(request, new ArrayDeque<>());
    Answer answer = known.size() > 1 ? known.poll() : known.peek();
    if (answer == null) {
      answer = new Answer(404, "{\"error_code\":404,\"message\":\"Not found\"}");
    }
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
