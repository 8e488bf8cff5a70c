return await AIaaS.Demo.Show.RunAsync(args);
