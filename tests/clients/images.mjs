// Calls the proxy by OpenAI's own Node client and prints what came back as one JSON object.
// IMAGE_PROXY_URL and IMAGE_PROXY_API_KEY say where it is; PICTURE is the path of a PNG.
import { createReadStream, readFileSync } from "node:fs";
import OpenAI, { toFile } from "openai";

const options = { baseURL: `${process.env.IMAGE_PROXY_URL}/v1`, apiKey: process.env.IMAGE_PROXY_API_KEY };
const client = new OpenAI({ ...options, maxRetries: 0 });
const keen = new OpenAI({ ...options, maxRetries: 2 });
const model = "gemini-2.5-flash-image";
const picture = process.env.PICTURE;

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return {
      kind: error.constructor.name,
      status: error.status,
      code: error.code,
      param: error.param,
      hasRequestId: Boolean(error.requestID),
    };
  }
  return null;
}

async function events(stream) {
  const found = [];
  for await (const event of stream) {
    found.push({ type: event.type, size: event.size, tokens: event.usage.total_tokens, start: event.b64_json.slice(0, 8) });
  }
  return found;
}

const starts = (response) => response.data.map((each) => each.b64_json.slice(0, 8));
const found = {};

found.plain = starts(await client.images.generate({ prompt: "node: a kite", model: "gpt-image-1" }));
const several = await client.images.generate({ prompt: "node: kites", model, n: 3, size: "1536x1024" });
found.several = { distinct: new Set(several.data.map((each) => each.b64_json)).size, size: several.size };
found.usage = several.usage;
const url = await client.images.generate({ prompt: "node: url", model, response_format: "url", output_format: "webp" });
found.url = url.data[0].url.slice(0, 23);
found.stream = await events(
  await client.images.generate({ prompt: "node: a stream", model, stream: true, partial_images: 2 }),
);

found.edit = starts(await client.images.edit({ image: createReadStream(picture), prompt: "node: edit one", model }));
const files = [
  await toFile(readFileSync(picture), "one.png", { type: "image/png" }),
  await toFile(readFileSync(picture), "two.png", { type: "image/png" }),
];
found.edits = starts(
  await client.images.edit({ image: files, mask: createReadStream(picture), prompt: "node: edit several", model }),
);
found.editStream = await events(
  await client.images.edit({ image: createReadStream(picture), prompt: "node: edit stream", model, stream: true }),
);
const encoded = `data:image/png;base64,${readFileSync(picture).toString("base64")}`;
found.jsonEdit = starts(
  await client.post("/images/edits", { body: { prompt: "node: json", model, images: [{ image_url: encoded }] } }),
);

found.models = [];
for await (const each of client.models.list()) found.models.push(each.id);
found.model = (await client.models.retrieve("gemini-3-pro-image-4k-16x9")).id;

const raw = await client.images.generate({ prompt: "node: kites", model, n: 3, size: "1536x1024" }).withResponse();
found.raw = { cache: raw.response.headers.get("x-cache"), sameId: raw.request_id === raw.response.headers.get("x-request-id") };

found.failures = {
  value: await failure(client.images.generate({ prompt: "x", n: 11 })),
  refusal: await failure(client.images.generate({ prompt: "[severity:high] node", model })),
  streamed: await failure(client.images.generate({ prompt: "[severity:high] node", model, stream: true })),
  model: await failure(client.images.generate({ prompt: "x", model: "no-such" })),
  key: await failure(new OpenAI({ ...options, apiKey: "sk-wrong" }).images.generate({ prompt: "x" })),
  paid: await failure(keen.images.generate({ prompt: "[play:text-only] node", model })),
};

process.stdout.write(JSON.stringify(found));
