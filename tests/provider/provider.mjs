// The OpenID Connect provider of the tests: oidc-provider as it is, with two clients of a gateway and its own page to
// sign in on, where any name is let in as itself. Writes its issuer on the first line, then answers until it is ended.
//   node provider.mjs FOLDER-OF-MODULES
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(`${process.argv[2]}/oidc-provider/lib/index.js`));

const key = (kind, options, alg, kid) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }), alg, kid, use: "sig" });
const client = (client_id, more) => ({
  client_id,
  application_type: "native", // any port of this machine (RFC 8252, 7.3)
  redirect_uris: ["http://127.0.0.1/console/provider/return"],
  post_logout_redirect_uris: ["http://127.0.0.1/console/enter"],
  grant_types: ["authorization_code"],
  response_types: ["code"],
  ...more,
});

const server = createServer((request, response) => answer(request, response));
let answer = (request, response) => response.writeHead(503).end();
server.listen(0, "localhost", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      client("gateway", { client_secret: "a secret of the tests", token_endpoint_auth_method: "client_secret_basic" }),
      client("gateway-es", { token_endpoint_auth_method: "none", id_token_signed_response_alg: "ES256" }),
    ],
    jwks: { keys: [key("rsa", { modulusLength: 2048 }, "RS256", "r"), key("ec", { namedCurve: "P-256" }, "ES256", "e")] },
    cookies: { keys: ["for the tests alone"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true }, registration: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
  });
  answer = provider.callback();
  console.log(issuer);
});
