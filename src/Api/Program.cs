return await AIaaS.Api.Hosting.CommandLine.RunAsync(args);
