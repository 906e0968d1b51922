// The program as commander knows it. Nothing here prints or ends the process: help goes to stdout, every mistake is thrown.

import { Command } from "commander";
import type { CommandContext } from "./context.ts";
import { addChallengeCommand } from "./commands/challenge.ts";
import { addCompileCommand } from "./commands/compile.ts";
import { addConvertCommand } from "./commands/convert.ts";
import { addFetchCommand } from "./commands/fetch.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addInferCommand } from "./commands/infer.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addStudyCommand } from "./commands/study.ts";

const HELP = `
Examples:
  gossamer challenge                                    the whole benchmark: inputs, network, run, check
  gossamer infer neuron1024 --input images.tsv.gz       run a network on inputs

\`gossamer COMMAND --help\` shows the options and examples of a command.`;

export function makeProgram(version: string, context: CommandContext): Command {
  const program = new Command("gossamer")
    .description("Fast exact inference of sparse deep neural networks.")
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", HELP);
  addInferCommand(program, context);
  addChallengeCommand(program, context);
  addGenerateCommand(program, context);
  addConvertCommand(program, context);
  addCompileCommand(program, context);
  addInspectCommand(program, context);
  addFetchCommand(program, context);
  addStudyCommand(program, context);
  return program;
}
