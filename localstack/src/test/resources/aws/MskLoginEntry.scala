/* Licensed under the Apache License, Version 2.0: see LICENSE. */
import java.nio.charset.StandardCharsets.UTF_8
import java.util.Collections
import javax.security.auth.login.AppConfigurationEntry
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag
import javax.security.sasl.Sasl
import software.amazon.msk.auth.iam.{IAMClientCallbackHandler, IAMLoginModule}

/** Signs what a client tells MSK first; no broker and no network is needed for that. */
object MskLoginEntry {

  private val Empty = Collections.emptyMap[String, AnyRef]()

  def main(arguments: Array[String]): Unit = {
    val login = new IAMLoginModule()
    val handler = new IAMClientCallbackHandler()
    handler.configure(
      Empty,
      IAMLoginModule.MECHANISM,
      Collections.singletonList(
        new AppConfigurationEntry(
          login.getClass.getName, LoginModuleControlFlag.REQUIRED, Empty)))
    val client = Sasl.createSaslClient(
      Array(IAMLoginModule.MECHANISM),
      null,
      "kafka",
      "b-1.line.abcdef.c2.kafka.us-east-1.amazonaws.com",
      Empty,
      handler)
    println(new String(client.evaluateChallenge(Array.emptyByteArray), UTF_8))
  }
}
