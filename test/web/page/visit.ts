import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright";
import { inject } from "vitest";

/** A browser with the page open. */
export interface Visit {
  readonly browser: Browser;
  readonly page: Page;
  /** Addresses requested so far, with their methods. */
  readonly requests: string[];
  /** What the console said of errors, and errors that nothing caught. */
  readonly complaints: string[];
}

export interface VisitOptions extends BrowserContextOptions {
  readonly flags?: readonly string[];
  /** False: a browser in which WebGPU finds no adapter. */
  readonly webgpu?: boolean;
  /** File of another browser than the tests' own. */
  readonly executable?: string;
  /** Of another page. */
  readonly address?: string;
}

/** Opens the page in Chromium, as a person would. */
export async function visit({
  flags = [],
  webgpu = true,
  executable = process.env["CHROMIUM"] ?? "chromium",
  address,
  ...context
}: VisitOptions = {}): Promise<Visit> {
  const browser = await chromium.launch({
    executablePath: executable,
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      ...(webgpu ? ["--enable-unsafe-webgpu"] : []),
      ...flags,
    ],
  });
  const page = await browser.newPage(context);
  const [requests, complaints]: string[][] = [[], []];
  page.on("request", (request) => void requests!.push(`${request.method()} ${request.url()}`));
  page.on("console", (message) => message.type() === "error" && void complaints!.push(message.text()));
  page.on("pageerror", (error) => void complaints!.push(error.message));
  await page.goto(address ?? inject("page"));
  return { browser, page, requests: requests!, complaints: complaints! };
}

/** The recognised text, once the page is at rest. */
export async function heard(page: Page): Promise<string> {
  await atRest(page);
  return (await page.getByTestId("text").getAttribute("data-text")) ?? "";
}

export async function atRest(page: Page): Promise<void> {
  await page.getByTestId("text").or(page.getByText("cannot be recognised without WebGPU")).first().waitFor();
  await page.locator("main[aria-busy=false]").waitFor();
}

/** Moves the depth slider by keyboard. */
export async function moveTo(page: Page, depth: number): Promise<void> {
  const slider = page.getByRole("slider", { name: /^Depth/u });
  await slider.focus();
  await page.keyboard.press("Home");
  for (let i = 1; i < depth; i++) await page.keyboard.press("ArrowRight");
}

/** Makes the worker lose its device when it next makes a buffer. */
export async function loseDevice(page: Page): Promise<void> {
  const [worker] = page.workers();
  await worker!.evaluate(`{
    const { createBuffer } = GPUDevice.prototype;
    GPUDevice.prototype.createBuffer = function (...args) {
      GPUDevice.prototype.createBuffer = createBuffer;
      this.destroy();
      return createBuffer.apply(this, args);
    };
  }`);
}
