using AIaaS.FarSide;

// Two programs of the crash test of sagas.
// FarSide serve FILE          stock, payments and mail outside: notes durably what it is asked to do, and misbehaves.
// FarSide shop FOLDER URL COUNT BUS   places orders and works on their sagas until all COUNT are at rest, or until it is killed.
return args switch
{
    ["serve", var file] => await Outside.ServeAsync(file),
    ["shop", var folder, var url, var count, var bus] => await ShopProcess.RunAsync(folder, new(url), int.Parse(count, System.Globalization.CultureInfo.InvariantCulture), bus),
    _ => 2,
};
