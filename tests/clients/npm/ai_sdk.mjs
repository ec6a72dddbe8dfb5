// The AI SDK over the APIs of the three vendors: `ai_sdk.mjs FLAVOUR MODEL…`, as the programs of ../programs/asking.py.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, isStepCount, Output, streamText, tool } from "ai";
import { z } from "zod";

const { TASKFIT_URL: url, TASKFIT_KEY: apiKey } = process.env;
const [flavour, ...models] = process.argv.slice(2);
const made = {
  chat: createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat,
  responses: createOpenAI({ baseURL: `${url}/v1`, apiKey }).responses,
  anthropic: createAnthropic({ baseURL: `${url}/v1`, apiKey }),
  google: createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey }),
}[flavour];
const weather = tool({
  description: "The weather of a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => (city === "Oslo" ? "It is 7 degrees." : `No weather for ${city}.`),
});

for (const name of models) {
  const model = made(name);
  const ask = (prompt, more = {}) => generateText({ model, prompt, maxRetries: 0, ...more });
  const streamed = [];
  const stream = streamText({ model, prompt: "Who are you?", maxRetries: 0, onError: ({ error }) => { throw error; } });
  for await (const piece of stream.textStream) streamed.push(piece);
  const plain = await ask("Who are you?");
  const after = await ask("What is the weather in Oslo?", { tools: { weather }, stopWhen: isStepCount(3) });
  const schema = z.object({ city: z.string(), degrees: z.number().int() });
  const report = await ask("Report on Oslo.", { output: Output.object({ schema }) });
  console.log(JSON.stringify({ model: name, plain: plain.text, streamed, after_tool: after.text, report: report.output }));
}
